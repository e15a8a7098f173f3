"""codeLynn's pages in the browser: one room for each page, and what they share in `shared`.

May import `services`, `api` and `domain`. `app` puts the pages together.
"""
