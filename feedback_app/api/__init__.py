"""HTTP: the REST API, the OpenAI-compatible API, health and metrics.

May import `services`, `formats` and `domain`; never `ui` or `commands`. Routes translate requests into calls of services.
"""
