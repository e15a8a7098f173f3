"""Engines, which generate the replies: CTranslate2, transformers, or an OpenAI-compatible server.

It may import `domain` and `errors` and nothing else of the service; torch and CTranslate2 are imported only by the engine that needs them.
All engines implement the protocol in `base`; `selection` chooses one from the settings.
"""
