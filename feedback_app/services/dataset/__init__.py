"""The preference dataset: import, export, and curation of single rankings.

Imports domain, store, formats, and the rooms arena, chat and reward.
"""
