"""The service: rank replies, chat, collect preferences, queue alignment rounds."""

__version__ = "0.1.0"
