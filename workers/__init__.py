"""The Celery workers: they run rounds, supervise their trainers, and synchronise with the annotation tools.

May import `feedback_app` (but no page and no API), `alignment` and `reward_model`. The trainer itself is a subprocess.
"""
