"""The three steps: rank, train, chat. Which one is due, and how long it takes, from counts alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from feedback_app.domain.round import RoundState
from feedback_app.ui.navigation import ARENA, CHAT, ROUNDS, Place
from feedback_app.ui.text import count

SECONDS_FOR_A_PAIR = 20
"""How long a person takes to read two replies and to choose, about."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps are computed from. `pairs` are training pairs, of which a round needs `min_pairs`; `ranked` is the share
    of decided pairs that become one (the others are kept for the check). `foreseen` is how many seconds a round takes, None
    where nobody knows. `state`, `percent` (0 to 100) and `seconds_left` are those of the newest round, None before the first.
    `version` is the one in use, empty while it is the base model."""

    pairs: int
    min_pairs: int
    ranked: float = 1.0
    foreseen: float | None = None
    state: RoundState | None = None
    percent: float = 0.0
    seconds_left: float | None = None
    version: str = ""

    @property
    def busy(self) -> bool:
        """Whether a round waits or runs."""
        return self.state is not None and not self.state.final

    @property
    def enough(self) -> bool:
        return self.pairs >= self.min_pairs


@dataclass(frozen=True, slots=True)
class Step:
    """`told` says how far it is, or how long it takes."""

    name: str
    place: Place
    told: str
    done: bool = False
    current: bool = False


def steps(now: Standing) -> tuple[Step, Step, Step]:
    """Rank, train, chat: exactly one of them is current, and none after it is done."""
    promoted = bool(now.version)
    at_train = now.busy or (now.enough and not promoted)
    at_chat = promoted and not now.busy
    return (
        Step("Rank", ARENA, _rank(now), now.enough or promoted or now.busy, not (at_train or at_chat)),
        Step("Train", ROUNDS, _train(now), at_chat, at_train),
        Step("Chat", CHAT, _chat(now), False, at_chat),
    )


def steps_html(shown: Sequence[Step]) -> str:
    """An ordered list of links."""
    return f'<ol aria-label="Steps">{"".join(map(_item, shown))}</ol>'


def about(seconds: float) -> str:
    """`about 5 min`."""
    minutes = max(1, math.ceil(seconds / 60))
    return f"about {minutes} min" if minutes < 90 else f"about {round(minutes / 60)} h"


def _rank(now: Standing) -> str:
    if now.enough:
        return f"{count(now.pairs, 'pair')} to train on"
    missing = math.ceil((now.min_pairs - now.pairs) / now.ranked)
    return f"{count(missing, 'more vote')}, {about(missing * SECONDS_FOR_A_PAIR)}"


def _train(now: Standing) -> str:
    takes = "a few minutes" if now.foreseen is None else about(now.foreseen)
    match now.state:
        case RoundState.queued:
            return "a round is waiting to start"
        case RoundState.running:
            left = "" if now.seconds_left is None else f", {about(now.seconds_left)} left"
            return f"{now.percent:.0f} %{left}"
        case RoundState.failed if not now.version:
            return "the last round failed: see why"
        case RoundState.held if not now.version:
            return "the last version was not kept: see why"
    if now.version:
        return "done; train again when you have ranked more"
    return f"ready: {takes}" if now.enough else takes


def _chat(now: Standing) -> str:
    return f"talk with {now.version}" if now.version else "with your own version"


def _item(step: Step) -> str:
    done = ' class="done"' if step.done else ""
    current = ' aria-current="step"' if step.current else ""
    state = '<span class="sr">, done</span>' if step.done else ""
    return (
        f'<li{done}{current}><a href="./{step.place.path}"><span><strong>{step.name}</strong>{state} '
        f'<span class="told">{escape(step.told)}</span></span></a></li>'
    )
