"""The Data page: export and import, snapshots, rankings, annotation tools, the state of the service.

`page` draws and connects the page; `view`, `snapshots` and `rankings_view` say what it shows; `routes` answers its scripts.
"""
