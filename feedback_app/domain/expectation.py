"""The expected duration of a round, how much of the data it uses, and the text of both. Pure."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """How many `examples` (pairs, rated replies, demonstrations) of `available` a round trains on. `asked`: a setting says so;
    else it is what takes a sensible time."""

    examples: str
    uses: int
    available: int
    asked: bool = False

    @property
    def text(self) -> str:
        """The same as a person reads it; empty where all are used."""
        if self.uses >= self.available:
            return ""
        why = "as max_pairs says" if self.asked else "so that the round takes about four hours at most here"
        return (
            f"It uses {self.uses:,} of {self.available:,} {self.examples}, {why}: your own newest rankings first, then an even "
            "share of everything else. The setting max_pairs changes the number."
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds; `first`: no such round has run here yet, so that they are a rough upper bound. `usage`: what it trains on, where
    it trains on examples."""

    seconds: float
    first: bool = False
    usage: Usage | None = None


def estimate_text(expected: Expected | None) -> str:
    """The estimate as a person reads it; None: nothing can be said."""
    if expected is None:
        return "No estimate yet: it needs valid settings and a model that is prepared."
    used = expected.usage.text if expected.usage else ""
    return f"{_time_text(expected)} {used}".strip()


def _time_text(expected: Expected) -> str:
    if expected.first:
        return (
            f"No estimate yet; the first round may take up to {_minutes(expected.seconds)}. This is rough: the next estimate uses the "
            "time that it took here. You can go on ranking and chatting meanwhile, and cancel or resume at any time."
        )
    return f"About {_minutes(expected.seconds)}, like the last round of this kind."


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return f"{minutes:,} {'minute' if minutes == 1 else 'minutes'}"
