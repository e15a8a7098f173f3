"""The service as a whole: its state and the owner's preferences.

Imports domain, store, settings, and the rooms generation and rounds.
"""
