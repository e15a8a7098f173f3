"""Rounds and checkpoints as the page shows them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd

from feedback_app.domain.decision import MARKS, checks, title, update_strength
from feedback_app.domain.expectation import Expected, estimate_text
from feedback_app.domain.mended import damaged
from feedback_app.domain.round import Checkpoint, Round, RoundEvent, RoundState, method_name
from feedback_app.domain.version_names import called, numbered, roles
from feedback_app.services.rounds.lineage import Link
from feedback_app.ui.shared.text import count

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
"""The states that have a plainer word than their own, where there is room for one word."""
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
SAID = {True: "passed", False: "failed", None: "not counted"}


def moment(at: datetime) -> str:
    """Local time, short."""
    return "date damaged" if damaged([at]) else f"{at.astimezone():%d %b %H:%M}"


def short(round_: Round) -> str:
    """How a round is called in the chooser."""
    return f"{moment(round_.created_at)} · {method_name(round_.method)} · {state_word(round_)}"


def state_word(round_: Round) -> str:
    """The state in a word or two."""
    return SHORT_WORDS.get(round_.state, str(round_.state))


def stage(round_: Round) -> str:
    """What it does now, in words; `train-2` is the second training on fresh replies."""
    name, _, number = round_.stage.partition("-")
    words = STAGE_WORDS.get(name, round_.stage)
    return f"{words} ({number})" if number else words


def done(round_: Round) -> float:
    """Per cent of the whole round."""
    return 100.0 if round_.state in (RoundState.promoted, RoundState.held) else round_.percent


def table(rounds: Sequence[Round], numbers: Mapping[str, int]) -> list[list[str]]:
    """A row for each round; `numbers` are those of the versions."""
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


def estimate(expected: Expected | None) -> str:
    """How long a round will take, as HTML."""
    return f'<p class="quiet">{estimate_text(expected)}</p>'


def detail(round_: Round, numbers: Mapping[str, int]) -> str:
    """Where a round stands, as HTML. `numbers` are those of the versions."""
    percent = done(round_)
    stopping = " (stopping)" if round_.cancel_requested and not round_.state.final else ""
    parts = [
        f'<p class="about"><strong>Round of {moment(round_.created_at)}</strong>'
        f'<span class="badge state-{round_.state}">{_state_words(round_)}{stopping}</span>'
        f'<span class="quiet">{escape(method_name(round_.method))} · {round_.id[:8]}</span></p>',
        f'<div class="round-bar" role="progressbar" aria-label="Progress of the round" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent:.0f}"><span style="width:{percent:.1f}%"></span></div>',
        f'<p class="quiet">{escape(_standing(round_, percent, called(round_.parent, numbers)))}</p>',
    ]
    if round_.error:
        parts.append(f'<p class="notice alert" role="alert">{escape(round_.error)}</p>')
    return "".join(parts) + decision(round_.decision, round_.method)


def _state_words(round_: Round) -> str:
    words = REWARD_WORDS if round_.method == "reward" else {}
    return words.get(round_.state, STATE_WORDS[round_.state])


def _standing(round_: Round, percent: float, parent: str) -> str:
    steps = f"step {round_.step:,} of {round_.total:,}" if round_.total else ""
    left = f"about {duration(round_.seconds_left)} left" if round_.seconds_left is not None else ""
    attempt = f"attempt {round_.attempt}" if round_.attempt > 1 else ""
    running = [stage(round_), steps, left] if not round_.state.final else [f"trained from {parent}"]
    return " · ".join(part for part in (f"{percent:.0f} %", *running, attempt) if part)


def decision(decided: Mapping[str, Any] | None, method: str = "dpo") -> str:
    """The verdict of the quality checks, and each of them with its limit, as HTML."""
    if not decided:
        return ""
    lines = "".join(
        f'<li class="{CSS[check.passed]}"><span aria-hidden="true">{MARKS[check.passed]}</span> '
        f'<span class="sr">{SAID[check.passed]}: </span>{escape(check.words)}</li>'
        for check in checks(decided)
    )
    strength = update_strength(decided)
    told = f'<p class="quiet">{strength}</p>' if strength else ""
    return f'<section class="decision"><h2>{title(decided, method)}</h2><ul class="checks">{lines}</ul>{told}</section>'


def lineage(links: Sequence[Link]) -> str:
    """From the data used to the new version, as an HTML list that reads from left to right."""
    steps = "".join(f"<li><span>{escape(link.what)}</span> {escape(link.words)}</li>" for link in links)
    return f'<ol class="lineage" aria-label="Where it came from">{steps}</ol>' if len(links) > 1 else ""


def measures(events: Sequence[RoundEvent]) -> list[str]:
    """What the trainer reported, that which says most first."""
    found = dict.fromkeys(name for event in events for name in event.metrics)
    return sorted(
        found, key=lambda name: FIRST_MEASURES.index(name) if name in FIRST_MEASURES else len(found)
    )


def curve(events: Sequence[RoundEvent], measure: str) -> pd.DataFrame:
    """Columns step, value: one measure over the steps; those of a later stage follow those of the one before."""
    found: list[tuple[int, float]] = []
    stage, before, last = "", 0, 0
    for event in events:
        if measure not in event.metrics:
            continue
        if event.stage != stage:
            stage, before = event.stage, last
        last = before + event.step
        found.append((last, event.metrics[measure]))
    return pd.DataFrame(found, columns=["step", "value"])


def registry(checkpoints: Sequence[Checkpoint], aliases: Mapping[str, str]) -> str:
    """Every version with what it is used for, as an HTML table."""
    if not checkpoints:
        return (
            '<div class="empty"><p class="empty-title">Only the base model so far</p>'
            "<p>A round that passes the quality checks adds a version here.</p></div>"
        )
    numbers = numbered(checkpoints)
    rows = [
        _row(
            c.name,
            f"{method_name(c.method)} from {called(c.parent, numbers)}",
            CHECKED[c.passed],
            moment(c.created_at),
            aliases,
            numbers,
        )
        for c in checkpoints
    ]
    rows.append(_row("base", "", "", "", aliases, numbers))
    heads = ("Version", "Used as", "Trained by", "Quality checks", "Made")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<div class="scroll"><table class="plain-table"><caption class="sr">{count(len(rows), "version")}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


CHECKED = {True: "passed", False: "held back"}


def _row(
    name: str, origin: str, checked: str, made: str, aliases: Mapping[str, str], numbers: Mapping[str, int]
) -> str:
    badges = " ".join(f'<span class="badge">{role}</span>' for role in roles(name, aliases))
    number = f'{numbers[name]} <span class="quiet">{escape(name)}</span>' if name in numbers else "Base model"
    return (
        f'<tr><th scope="row">{number}</th><td>{badges}</td><td>{escape(origin)}</td>'
        f"<td>{checked}</td><td>{made}</td></tr>"
    )
