"""Chat: conversations with one version or two side by side, and transcripts.

Imports domain, store, engines, and the rooms arena and generation.
"""
