"""Annotation desks: where rankings collect besides our own database."""
