"""`codelynn up`: the process supervisor, and the process tools that the workers share."""

from feedback_app.up.services import read_services, with_embedded
from feedback_app.up.up import run_up

__all__ = ["read_services", "run_up", "with_embedded"]
