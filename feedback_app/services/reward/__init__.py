"""Reward models: the live one and its guesses, the trained ones, and the watch for reward hacking.

Imports domain, store, `alignment.contract`, and the rooms arena and leaderboard; never torch.
"""
