"""What the service and the trainer agree on: the only part of `alignment` that `feedback_app` imports.

Free of torch and transformers, so that importing it costs nothing. It knows no web, queue or database.
"""
