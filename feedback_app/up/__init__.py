"""`codelynn up`: the process supervisor, and the process tools that the workers share."""

from feedback_app.up.services import read_services, with_embedded

__all__ = ["read_services", "with_embedded"]
