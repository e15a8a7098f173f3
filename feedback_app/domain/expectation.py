"""The expected duration of a round, and its text. Pure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds; `first`: no such round has run here yet, so that they are a rough upper bound."""

    seconds: float
    first: bool = False


def estimate_text(expected: Expected | None) -> str:
    """The estimate as a person reads it; None: nothing can be said."""
    if expected is None:
        return "No estimate yet: it needs valid settings and a model that is prepared."
    if expected.first:
        return (
            f"No estimate yet; the first round may take up to {_minutes(expected.seconds)}. This is rough: the next estimate uses the "
            "time that it took here. You can go on ranking and chatting meanwhile, and cancel or resume at any time."
        )
    return f"About {_minutes(expected.seconds)}, like the last round of this kind."


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return f"{minutes:,} {'minute' if minutes == 1 else 'minutes'}"
