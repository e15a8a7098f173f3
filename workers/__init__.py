"""Celery workers: deliver the outbox, supervise alignment rounds."""
