"""The Reward page: how well the live and the trained reward model predict the owner's votes.

`page` draws and connects the page, `view` says what it shows. Imports services and `ui.shared`.
"""
