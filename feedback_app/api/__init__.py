"""HTTP: the REST API, the OpenAI-compatible API, health and metrics."""
