"""The leaderboard: Bradley-Terry scores of the versions from the rankings.

Imports domain and store; numpy and scipy do the fitting.
"""
