"""The Rounds page: start a round, watch it, compare its replies with those before it, switch versions.

`page` draws and connects the page, `view` says what it shows, `routes` answers its scripts. Imports services and `ui.shared`.
"""
