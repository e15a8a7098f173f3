"""The Leaderboard page: how the versions compare in blind votes.

`page` draws and connects the page, `view` says what it shows. Imports services and `ui.shared`.
"""
