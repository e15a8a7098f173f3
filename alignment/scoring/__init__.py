"""Trained reward models score in a process of their own: `python -m alignment.scoring`.

`client` is the service's side and imports no torch; `frames` is what both sides send.
"""
