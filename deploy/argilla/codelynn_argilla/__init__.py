"""The real Argilla server, embedded: SQLite only, no Elasticsearch, no Redis, bound to loopback.

Runs in a virtual environment of its own (its pins clash with Gradio 6) and is started by path:
`python -m codelynn_argilla serve --home DIR --credentials FILE`. The main environment never imports it.
"""
