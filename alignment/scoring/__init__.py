"""Scoring with trained reward models, in a separate process: `python -m alignment.scoring`.

`client` is the service's side and imports no torch; `frames` is what both sides send.
"""
