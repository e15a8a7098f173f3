"""Two rounds side by side at the end of the Rounds page: what was set and measured differently."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from markupsafe import Markup

from alignment.contract.manifests.gate import GateEvidence, GateRecord
from feedback_app.domain.round import Round
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.ui.rounds.view import duration, short, state_word
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import quiet

TOO_FEW = "Comparing needs two rounds. Once the second one has run, choose both here."
MEASURED: dict[str, Callable[[GateEvidence], float | None]] = {
    "held-out pairs that agree": lambda evidence: evidence.accuracy,
    "distance from the base model (KL), nats": lambda evidence: evidence.kl,
    "reply length, times the reference version's": lambda evidence: evidence.length_ratio,
    "perplexity on general text, times the base model's": lambda evidence: evidence.perplexity_ratio,
    "unusual language, nats per token": lambda evidence: evidence.nll,
    "update strength": lambda evidence: evidence.scale,
}
MISSING = "–"


def build(rounds: Rounds) -> None:
    """Draw an accordion that reads the rounds when it is opened."""
    with gr.Accordion("Compare two rounds", open=False, elem_id="compare-rounds") as fold:
        with gr.Row():
            one = gr.Dropdown([], label="This round", filterable=False, elem_id="one-round")
            other = gr.Dropdown([], label="and this one", filterable=False, elem_id="other-round")
        shown = gr.HTML(quiet(TOO_FEW), elem_id="rounds-compared")

    def opened() -> Updates:
        known = rounds.list()
        choices = [(short(item), item.id) for item in known]
        if len(known) < 2:
            return {shown: quiet(TOO_FEW)}
        first, second = known[0].id, known[1].id
        chosen = {
            one: gr.update(choices=choices, value=first),
            other: gr.update(choices=choices, value=second),
        }
        return {**chosen, **compared(first, second)}

    def compared(first: str | None, second: str | None) -> Updates:
        if not first or not second:
            return {shown: quiet(TOO_FEW)}
        return {shown: comparison(rounds.get(first), rounds.get(second))}

    fold.expand(guarded(shown, opened), None, [one, other, shown], **EVENT_OPTIONS)
    for chooser in (one, other):
        chooser.input(guarded(shown, compared), [one, other], shown, **EVENT_OPTIONS)


def comparison(one: Round, other: Round) -> Markup:
    """The differences as a table."""
    rows = differences(one, other)
    return render("rounds/comparison.html", one=short(one), other=short(other), rows=rows)


def differences(one: Round, other: Round) -> list[tuple[str, str, str]]:
    """(what, value of one, value of the other) for every setting and measurement that differs. Method and time are always there."""
    always = [("method", one.method, other.method), ("took", _took(one), _took(other))]
    rows = [
        ("trained from", one.parent, other.parent),
        ("data used (snapshot)", one.snapshot[:8], other.snapshot[:8]),
        ("ended", state_word(one), state_word(other)),
    ]
    settings = sorted({*one.config, *other.config})
    rows += [(name, _value(one.config.get(name)), _value(other.config.get(name))) for name in settings]
    mine, theirs = _evidence(one), _evidence(other)
    rows += [(words, _value(value(mine)), _value(value(theirs))) for words, value in MEASURED.items()]
    return always + [row for row in rows if row[1] != row[2]]


def _took(round_: Round) -> str:
    if round_.started_at is None or round_.finished_at is None:
        return MISSING
    return duration((round_.finished_at - round_.started_at).total_seconds())


def _evidence(round_: Round) -> GateEvidence:
    return GateRecord.from_record(round_.decision or {}).evidence


def _value(value: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.4g}" if isinstance(value, float) else str(value)
