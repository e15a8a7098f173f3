"""The Settings page: what the owner prefers for prompts, replies and the look of the pages.

`page` connects the fields, `layout` draws them. Imports services and `ui.shared`.
"""
