"""The three steps at the head of each page (rank, train, chat): which one is next and how long it takes. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import RoundState
from feedback_app.ui.shared.navigation import ARENA, CHAT, ROUNDS, Place
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count

SECONDS_FOR_A_VOTE = 20
"""About how long a person takes to read two replies and to choose."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the steps are computed from. `votes` exist and about `needed` more are needed before a round can start. `expected` is
    how long a round takes, None where that is unknown. `state`, `percent` (0 to 100) and `seconds_left` describe the newest
    round; `state` is None before the first round. `version` is the version in use, empty for the base model."""

    votes: int
    needed: int
    expected: Expected | None = None
    state: RoundState | None = None
    percent: float = 0.0
    seconds_left: float | None = None
    version: str = ""

    @property
    def busy(self) -> bool:
        """Whether a round is queued or running."""
        return self.state is not None and not self.state.final

    @property
    def enough(self) -> bool:
        return not self.needed


@dataclass(frozen=True, slots=True)
class Step:
    """`progress` says how far the step is, or how long it takes."""

    name: str
    place: Place
    progress: str
    done: bool = False
    current: bool = False


def steps(now: Standing) -> tuple[Step, Step, Step]:
    """Rank, train, chat. Exactly one step is current, and no step after it is done."""
    promoted = bool(now.version)
    at_train = now.busy or (now.enough and not promoted)
    at_chat = promoted and not now.busy
    return (
        Step("Rank", ARENA, _rank(now), now.enough or promoted or now.busy, not (at_train or at_chat)),
        Step("Train", ROUNDS, _train(now), at_chat, at_train),
        Step("Chat", CHAT, _chat(now), False, at_chat),
    )


def steps_html(shown: Sequence[Step]) -> Markup:
    """The steps as an ordered list of links."""
    return render("shared/steps.html", steps=shown)


def about(seconds: float) -> str:
    """`about 5 min`."""
    return f"about {_short(seconds)}"


def takes(expected: Expected | None) -> str:
    """`about 5 min`, or before the first round `up to 5 min`."""
    if expected is None:
        return "a few minutes"
    return f"up to {_short(expected.seconds)}" if expected.first else about(expected.seconds)


def _short(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{round(minutes / 60)} h"


def _rank(now: Standing) -> str:
    votes = count(now.votes, "vote")
    if now.enough:
        return votes
    return f"{votes}, about {now.needed:,} more: {about(now.needed * SECONDS_FOR_A_VOTE)}"


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
    return f"ready: {takes(now.expected)}" if now.enough else takes(now.expected)


def _chat(now: Standing) -> str:
    return f"talk with {now.version}" if now.version else "with your own version"
