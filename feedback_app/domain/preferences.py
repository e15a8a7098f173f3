"""The owner's choices on the Settings page."""

from dataclasses import dataclass
from typing import Literal

Theme = Literal["system", "light", "dark"]
HOTTEST = 2.0
"""The highest sampling temperature that can be asked for."""
LONGEST_REPLY = 4096
"""The longest reply that can be asked for, in tokens."""


@dataclass(frozen=True, slots=True)
class ReplyStyle:
    """How replies are drawn: a temperature from 0 to HOTTEST, and the longest reply in tokens."""

    temperature: float
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """`languages` are ISO 639 codes; an empty tuple of `topics` means all. `model` is an alias or a version, `persona` the name
    of a persona file. `notify`: tell when a round ends."""

    languages: tuple[str, ...]
    topics: tuple[str, ...]
    chat: ReplyStyle
    arena: ReplyStyle
    model: str
    persona: str
    theme: Theme
    notify: bool
