"""The foot of the rounds page: two rounds side by side."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.rounds.compare_view import comparison
from feedback_app.ui.rounds.view import short
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates, guarded

TOO_FEW = '<p class="quiet">Comparing needs two rounds. Once the second one has run, choose both here.</p>'


def build(services: Services) -> None:
    """An accordion that reads the rounds when it is opened."""
    rounds = services.rounds
    with gr.Accordion("Compare two rounds", open=False, elem_id="compare-rounds") as fold:
        with gr.Row():
            one = gr.Dropdown([], label="This round", filterable=False, elem_id="one-round")
            other = gr.Dropdown([], label="and this one", filterable=False, elem_id="other-round")
        shown = gr.HTML(TOO_FEW, elem_id="rounds-compared")

    def opened() -> Updates:
        known = rounds.list()
        choices = [(short(item), item.id) for item in known]
        if len(known) < 2:
            return {shown: TOO_FEW}
        first, second = known[0].id, known[1].id
        chosen = {
            one: gr.update(choices=choices, value=first),
            other: gr.update(choices=choices, value=second),
        }
        return {**chosen, **beside(first, second)}

    def beside(first: str | None, second: str | None) -> Updates:
        if not first or not second:
            return {shown: TOO_FEW}
        return {shown: comparison(rounds.get(first), rounds.get(second))}

    fold.expand(guarded(shown, opened), None, [one, other, shown], **PRIVATE)
    for chooser in (one, other):
        chooser.input(guarded(shown, beside), [one, other], shown, **PRIVATE)
