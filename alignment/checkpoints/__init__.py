"""Checkpoints on disk: hashes of adapters, verification, and publishing.

May import `contract` and `models`.
"""
