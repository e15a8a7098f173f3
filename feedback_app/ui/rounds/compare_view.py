"""Two rounds side by side: what was set and measured differently. Pure."""

from collections.abc import Callable
from html import escape
from typing import Any

from alignment.contract.manifests.gate import GateEvidence, GateRecord
from feedback_app.domain.round import Round
from feedback_app.ui.rounds.view import duration, short, state_word

MEASURED: dict[str, Callable[[GateEvidence], float | None]] = {
    "held-out pairs that agree": lambda evidence: evidence.accuracy,
    "distance from the base model (KL), nats": lambda evidence: evidence.kl,
    "reply length, times the reference version's": lambda evidence: evidence.length_ratio,
    "perplexity on general text, times the base model's": lambda evidence: evidence.perplexity_ratio,
    "unusual language, nats per token": lambda evidence: evidence.nll,
    "update strength": lambda evidence: evidence.scale,
}


def differences(one: Round, other: Round) -> list[tuple[str, str, str]]:
    """(what, of the one, of the other) for every setting and measurement that differs; method and time always."""
    rows = [("method", one.method, other.method), ("took", _took(one), _took(other))]
    facts = [
        ("trained from", one.parent, other.parent),
        ("data used (snapshot)", one.snapshot[:8], other.snapshot[:8]),
        ("ended", state_word(one), state_word(other)),
    ]
    names = sorted({*one.config, *other.config})
    facts += [(name, _value(one.config.get(name)), _value(other.config.get(name))) for name in names]
    mine, theirs = _evidence(one), _evidence(other)
    facts += [(words, _value(value(mine)), _value(value(theirs))) for words, value in MEASURED.items()]
    return rows + [row for row in facts if row[1] != row[2]]


def comparison(one: Round, other: Round) -> str:
    """The differences as an HTML table."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in ("", short(one), short(other)))
    body = "".join(
        f'<tr><th scope="row">{escape(what)}</th><td>{escape(left)}</td><td>{escape(right)}</td></tr>'
        for what, left, right in differences(one, other)
    )
    return (
        '<div class="scroll"><table class="plain-table"><caption>Only what differs is shown.</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _took(round_: Round) -> str:
    if round_.started_at is None or round_.finished_at is None:
        return "–"
    return duration((round_.finished_at - round_.started_at).total_seconds())


def _evidence(round_: Round) -> GateEvidence:
    return GateRecord.from_record(round_.decision or {}).evidence


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
