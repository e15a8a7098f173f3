"""The Arena page: the frame (`page`), comparisons as HTML (`board`), the sentences about them (`view`), the page's routes and scripts.

May import `ui.shared`, `api.schemas`, `services` and `domain`. No other page may import it, except for `view`.
"""
