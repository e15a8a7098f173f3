"""The part of the Data page that tells of annotation desks and annotators."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.data.desks_view import agreement_html, desks_html
from feedback_app.ui.shared.confirm import PRIVATE

LOOK_EVERY = 2.0


def desks_panel(services: Services, demo: gr.Blocks) -> None:
    """Draw it and keep it up to date. Agreement reads every ranking: once a visit is enough."""
    gr.HTML('<h2 class="section">Connected tools</h2>')
    desks = gr.HTML(elem_id="desks")
    gr.HTML('<h2 class="section">Agreement between annotators</h2>')
    agreement = gr.HTML(elem_id="agreement")

    def look() -> str:
        return desks_html(services.desks.status())

    demo.load(look, None, desks, **PRIVATE)
    gr.Timer(LOOK_EVERY).tick(look, None, desks, **PRIVATE)
    demo.load(lambda: agreement_html(services.agreements.now()), None, agreement, **PRIVATE)
