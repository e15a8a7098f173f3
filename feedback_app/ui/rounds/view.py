"""Rounds as the page shows them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from markupsafe import Markup

from feedback_app.domain.damage import damaged
from feedback_app.domain.decision import MARKS, checks, title, update_strength
from feedback_app.domain.expectation import Expected, estimate_text
from feedback_app.domain.round import Round, RoundEvent, RoundState, method_name
from feedback_app.domain.version_names import called
from feedback_app.services.rounds.lineage import Link
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import quiet

HEADERS = ["Started", "Method", "State", "Stage", "Done", "New version"]
STATE_WORDS = {
    RoundState.queued: "waiting for a worker",
    RoundState.running: "running",
    RoundState.promoted: "promoted: arena and chat use it",
    RoundState.held: "held back: not used",
    RoundState.failed: "failed",
    RoundState.cancelled: "cancelled",
}
SHORT_WORDS = {RoundState.queued: "waiting", RoundState.held: "held back"}
"""One-word names of states, where they differ from the name of the state."""
REWARD_WORDS = {
    RoundState.promoted: "trained: the quality checks use it",
    RoundState.held: "trained, but not used",
}
STAGE_WORDS = {
    "reward": "training the reward model",
    "sft": "training on your rewrites",
    "train": "training",
    "draw": "writing fresh replies",
    "publish": "making the version ready to answer",
    "gate": "quality checks",
}
FIRST_MEASURES = ("objective/scores", "reward", "drawn/reward", "loss", "objective/kl", "kl")
CSS = {True: "passed", False: "failed", None: "uncounted"}
RESULTS = {True: "passed", False: "failed", None: "not counted"}


def moment(at: datetime) -> str:
    """Local time, short."""
    return "date damaged" if damaged([at]) else f"{at.astimezone():%d %b %H:%M}"


def short(round_: Round) -> str:
    """The label of a round in a dropdown."""
    return f"{moment(round_.created_at)} · {method_name(round_.method)} · {state_word(round_)}"


def state_word(round_: Round) -> str:
    """The state in a word or two."""
    return SHORT_WORDS.get(round_.state, str(round_.state))


def stage(round_: Round) -> str:
    """The current stage in words. `train-2` is the second training on fresh replies."""
    name, _, number = round_.stage.partition("-")
    words = STAGE_WORDS.get(name, round_.stage)
    return f"{words} ({number})" if number else words


def done(round_: Round) -> float:
    """How much of the whole round is done, in per cent."""
    return 100.0 if round_.state in (RoundState.promoted, RoundState.held) else round_.percent


def table(rounds: Sequence[Round], numbers: Mapping[str, int]) -> list[list[str]]:
    """A row for each round. `numbers` maps version names to version numbers."""
    return [
        [
            moment(r.created_at),
            method_name(r.method),
            state_word(r),
            stage(r),
            f"{done(r):.0f} %",
            called(r.checkpoint, numbers) if r.checkpoint else "",
        ]
        for r in rounds
    ]


def duration(seconds: float | None) -> str:
    """`1 h 5 min`, `3 min 20 s`, `45 s`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def estimate(expected: Expected | None) -> Markup:
    """How long a round will take."""
    return quiet(estimate_text(expected))


def no_round() -> Markup:
    """What to do before the first round."""
    return render("rounds/no_round.html")


def detail(round_: Round, numbers: Mapping[str, int]) -> Markup:
    """The state of a round, its progress and its quality checks. `numbers` maps version names to version numbers."""
    return render(
        "rounds/detail.html",
        id=round_.id[:8],
        started=moment(round_.created_at),
        state=str(round_.state),
        state_words=_state_words(round_),
        stopping=round_.cancel_requested and not round_.state.final,
        method=method_name(round_.method),
        percent=done(round_),
        progress=_progress(round_, called(round_.parent, numbers)),
        error=round_.error,
        decision=decision(round_.decision, round_.method),
    )


def _state_words(round_: Round) -> str:
    words = REWARD_WORDS if round_.method == "reward" else {}
    return words.get(round_.state, STATE_WORDS[round_.state])


def _progress(round_: Round, parent: str) -> str:
    steps = f"step {round_.step:,} of {round_.total:,}" if round_.total else ""
    left = f"about {duration(round_.seconds_left)} left" if round_.seconds_left is not None else ""
    attempt = f"attempt {round_.attempt}" if round_.attempt > 1 else ""
    now = [f"trained from {parent}"] if round_.state.final else [stage(round_), steps, left]
    return " · ".join(part for part in (f"{done(round_):.0f} %", *now, attempt) if part)


def decision(decided: Mapping[str, Any] | None, method: str = "dpo") -> Markup:
    """The result of the quality checks, and each check with its limit. Empty before the checks."""
    if not decided:
        return Markup()
    shown = [
        {
            "css": CSS[check.passed],
            "mark": MARKS[check.passed],
            "result": RESULTS[check.passed],
            "words": check.words,
        }
        for check in checks(decided)
    ]
    strength = update_strength(decided)
    return render("rounds/decision.html", title=title(decided, method), checks=shown, strength=strength)


def lineage(links: Sequence[Link]) -> Markup:
    """From the data used to the new version, as a list that reads from left to right. Empty for fewer than two links."""
    return render("rounds/lineage.html", links=links) if len(links) > 1 else Markup()


def measures(events: Sequence[RoundEvent]) -> list[str]:
    """The names of what the trainer reported, the most useful ones first."""
    names = dict.fromkeys(name for event in events for name in event.metrics)
    last = len(FIRST_MEASURES)
    return sorted(names, key=lambda name: FIRST_MEASURES.index(name) if name in FIRST_MEASURES else last)


def curve(events: Sequence[RoundEvent], measure: str) -> pd.DataFrame:
    """Columns step, value: one measure over the steps. The steps of a later stage continue those of the stage before."""
    points: list[tuple[int, float]] = []
    stage, before, last = "", 0, 0
    for event in events:
        if measure not in event.metrics:
            continue
        if event.stage != stage:
            stage, before = event.stage, last
        last = before + event.step
        points.append((last, event.metrics[measure]))
    return pd.DataFrame(points, columns=["step", "value"])
