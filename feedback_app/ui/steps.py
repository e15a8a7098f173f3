"""The three steps: rank, train, chat. Which one is due, and how long it takes, from counts alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import RoundState
from feedback_app.ui.navigation import ARENA, CHAT, ROUNDS, Place
from feedback_app.ui.text import count

SECONDS_FOR_A_VOTE = 20
"""How long a person takes to read two replies and to choose, about."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps are computed from. `votes` were given and so many more are `needed` before a round can start, as
    the arena counts them. `foreseen` is how long a round takes, None
    where nobody knows. `state`, `percent` (0 to 100) and `seconds_left` are those of the newest round, None before the first.
    `version` is the one in use, empty while it is the base model."""

    votes: int
    needed: int
    foreseen: Expected | None = None
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
        return not self.needed


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
    return f"about {_short(seconds)}"


def takes(foreseen: Expected | None) -> str:
    """`about 5 min`, or before the first round `up to 5 min`."""
    if foreseen is None:
        return "a few minutes"
    return f"up to {_short(foreseen.seconds)}" if foreseen.first else about(foreseen.seconds)


def _short(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"


def _rank(now: Standing) -> str:
    given = count(now.votes, "vote")
    return (
        given
        if now.enough
        else f"{given}, about {now.needed:,} more: {about(now.needed * SECONDS_FOR_A_VOTE)}"
    )


def _train(now: Standing) -> str:
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
    return f"ready: {takes(now.foreseen)}" if now.enough else takes(now.foreseen)


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
