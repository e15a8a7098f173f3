"""Numbers and moments as the commands print them. Pure."""

from datetime import datetime


def moment(value: str | None) -> str:
    """A moment of the API, in the time of this machine."""
    return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M}" if value else ""


def duration(seconds: float) -> str:
    """How long, in the two largest units: `40 s`, `3 min 20 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def short(name: str) -> str:
    """An id as pages show it."""
    return name[:8]
