"""How well the live reward model knows the owner."""

from typing import Any

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.reward.live_view import calibration, curves, state_line, summary
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates

LOOK_EVERY = 5.0
"""Seconds between two looks while the page is open."""


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the panel and keep it fresh."""
    line = gr.HTML(elem_id="live-state")
    table = gr.HTML(elem_id="live-summary")
    with gr.Row():
        curve = gr.LinePlot(
            x="guesses", y="accuracy", color="over", y_lim=[0, 1], height=300, visible=False,
            label="How often I guessed right", elem_id="live-curve", elem_classes=["with-legend"], min_width=300,
        )  # fmt: skip
        reliability = gr.LinePlot(
            x="confidence",
            y="share",
            color="line",
            x_lim=[0.5, 1],
            y_lim=[0, 1],
            height=300,
            visible=False,
            label="Confidence of my guesses, and how often they were right",
            elem_id="live-calibration",
            elem_classes=["with-legend"],
            min_width=300,
        )
    seen, timer = gr.State(()), gr.Timer(LOOK_EVERY)

    def look(before: tuple[Any, ...]) -> Updates:
        """Only what changed since the last look."""
        state, now = services.guess_calibration.state(), services.guess_calibration.signature()
        if now == before:
            return {seen: now}
        known, repeats = services.guess_calibration.guess_accuracy(), services.guess_calibration.repeats()
        drawn = known.overall.trials > 0
        return {
            seen: now,
            line: state_line(state),
            table: summary(state, known, repeats),
            curve: gr.update(value=curves(known), visible=drawn),
            reliability: gr.update(value=calibration(known), visible=drawn),
        }

    outputs = [line, table, curve, reliability, seen]
    demo.load(lambda: look(()), None, outputs, **PRIVATE)
    timer.tick(look, seen, outputs, **PRIVATE)
