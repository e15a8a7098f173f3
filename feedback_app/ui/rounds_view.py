"""Rounds and checkpoints as the page shows them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import pandas as pd

from feedback_app.domain.round import Checkpoint, Round, RoundEvent, RoundState
from feedback_app.services.lineage import Link
from feedback_app.ui.text import count

HEADERS = ["Queued", "Method", "State", "Stage", "Done", "Checkpoint"]
STATE_WORDS = {
    RoundState.queued: "waiting for a worker",
    RoundState.running: "running",
    RoundState.promoted: "promoted: arena and chat use it",
    RoundState.held: "held back by the gate",
    RoundState.failed: "failed",
    RoundState.cancelled: "cancelled",
}

VERDICTS = {
    "dpo": ("Passed the gate", "Held back by the gate"),
    "reward": ("This reward model is used", "This reward model is not used"),
}
FIRST_MEASURES = ("objective/scores", "reward", "drawn/reward", "loss", "objective/kl", "kl")
REWARD_WORDS = {
    RoundState.promoted: "trained: the gate asks it",
    RoundState.held: "trained, but not used",
}


def moment(at: datetime) -> str:
    """Local time, short."""
    return f"{at.astimezone():%d %b %H:%M}"


def short(round_: Round) -> str:
    """How a round is called in the chooser."""
    return f"{moment(round_.created_at)} · {round_.method} · {round_.state}"


def table(rounds: Sequence[Round]) -> list[list[str]]:
    return [
        [moment(r.created_at), r.method, str(r.state), r.stage, f"{r.percent:.0f} %", r.checkpoint or ""]
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


def supply(pairs: int, needed: int) -> str:
    """How many pairs there are and are needed, as HTML."""
    missing = needed - pairs
    then = f"{missing:,} more needed" if missing > 0 else "enough for a round"
    return (
        f'<dl class="facts"><div><dt>Pairs to train on</dt><dd>{pairs:,}</dd></div>'
        f"<div><dt>A round needs</dt><dd>{needed:,}</dd></div><div><dt>So</dt><dd>{then}</dd></div></dl>"
    )


def estimate(seconds: float | None) -> str:
    """How long a round will take, as HTML."""
    if seconds is None:
        told = "How long it takes here the first round of this kind will tell; it can be cancelled and resumed at any time."
    else:
        told = f"About {_minutes(seconds)}, as the last round of this kind took here."
    return f'<p class="quiet">{told}</p>'


def _minutes(seconds: float) -> str:
    return count(max(1, round(seconds / 60)), "minute")


def detail(round_: Round) -> str:
    """Where a round stands, as HTML."""
    percent = 100.0 if round_.state in (RoundState.promoted, RoundState.held) else round_.percent
    stopping = " (stopping)" if round_.cancel_requested and not round_.state.final else ""
    parts = [
        f'<p class="about"><strong>{escape(round_.method)}</strong>'
        f'<span class="badge state-{round_.state}">{_state_words(round_)}{stopping}</span>'
        f'<span class="quiet">{moment(round_.created_at)} · {round_.id[:8]}</span></p>',
        f'<div class="round-bar" role="progressbar" aria-label="Progress of the round" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent:.0f}"><span style="width:{percent:.1f}%"></span></div>',
        f'<p class="quiet">{escape(_standing(round_, percent))}</p>',
    ]
    if round_.error:
        parts.append(f'<p class="notice alert" role="alert">{escape(round_.error)}</p>')
    return "".join(parts) + decision(round_.decision, round_.method)


def _state_words(round_: Round) -> str:
    words = REWARD_WORDS if round_.method == "reward" else {}
    return words.get(round_.state, STATE_WORDS[round_.state])


def _standing(round_: Round, percent: float) -> str:
    steps = f"step {round_.step:,} of {round_.total:,}" if round_.total else ""
    left = f"about {duration(round_.seconds_left)} left" if round_.seconds_left is not None else ""
    attempt = f"attempt {round_.attempt}" if round_.attempt > 1 else ""
    running = [round_.stage, steps, left] if not round_.state.final else [f"starts from {round_.parent}"]
    return " · ".join(part for part in (f"{percent:.0f} %", *running, attempt) if part)


def decision(decided: Mapping[str, Any] | None, method: str = "dpo") -> str:
    """The gate's verdict and its reasons, as HTML."""
    if not decided:
        return ""
    passed, held = VERDICTS.get(method, VERDICTS["dpo"])
    title = passed if decided.get("promote") else held
    reasons = "".join(f"<li>{escape(str(reason))}</li>" for reason in decided.get("reasons", ()))
    scale = decided.get("evidence", {}).get("scale", 1)
    counted = f'<p class="quiet">The trained update counts {scale:.2f} times.</p>' if scale != 1 else ""
    return (
        f'<section class="decision"><h2>{title}</h2><ul class="checklist">{reasons}</ul>{counted}</section>'
    )


def lineage(links: Sequence[Link]) -> str:
    """From votes to version, as an HTML list that reads from left to right."""
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
    """Every version with its aliases, as an HTML table."""
    if not checkpoints:
        return (
            '<div class="empty"><p class="empty-title">Only the base model so far</p>'
            "<p>A round that passes its gate adds a version here.</p></div>"
        )
    rows = [_row(c.name, c.parent, c.method, c.passed, moment(c.created_at), aliases) for c in checkpoints]
    rows.append(_row("base", "", "", None, "", aliases))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Version", "Aliases", "From", "Gate", "Made"))
    return (
        f'<div class="scroll"><table class="plain-table"><caption class="sr">{count(len(rows), "version")}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(
    name: str, parent: str, method: str, passed: bool | None, made: str, aliases: Mapping[str, str]
) -> str:
    badges = "".join(
        f'<span class="badge">{escape(alias)}</span>'
        for alias, version in sorted(aliases.items())
        if version == name
    )
    gate = "" if passed is None else "passed" if passed else "held"
    origin = f"{method} on {parent}" if parent else ""
    return (
        f'<tr><th scope="row">{escape(name)}</th><td>{badges}</td><td>{escape(origin)}</td>'
        f"<td>{gate}</td><td>{made}</td></tr>"
    )
