"""Two rounds side by side: what was set and measured differently. Pure."""

from collections.abc import Mapping
from html import escape
from typing import Any

from feedback_app.domain.round import Round
from feedback_app.ui.rounds_view import duration, short, state_word

MEASURED = {
    "accuracy": "held-out pairs that agree",
    "kl": "distance from the base model (KL), nats",
    "length_ratio": "reply length, times the reference version's",
    "perplexity_ratio": "perplexity on general text, times the base model's",
    "nll": "unusual language, nats per token",
    "scale": "update strength",
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
    facts += [(name, _value(one.config, name), _value(other.config, name)) for name in names]
    mine, theirs = _evidence(one), _evidence(other)
    facts += [(words, _value(mine, name), _value(theirs, name)) for name, words in MEASURED.items()]
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


def _evidence(round_: Round) -> Mapping[str, Any]:
    return (round_.decision or {}).get("evidence") or {}


def _value(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
