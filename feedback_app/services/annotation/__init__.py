"""Annotation servers (Argilla, Label Studio): synchronisation, conflict resolution, agreement between annotators.

Imports domain, store and desks.
"""
