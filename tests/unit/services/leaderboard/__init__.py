"""The leaderboard: what counts, how it is fitted, how it is shown."""
