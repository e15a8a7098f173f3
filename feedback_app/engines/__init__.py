"""What writes the replies: CTranslate2, transformers, or an OpenAI-compatible server."""
