"""The trained reward model: its evaluation as numbers and plots, and the watch over reward hacking."""

import gradio as gr
import pandas as pd

from feedback_app.services.bundle import Services
from feedback_app.ui.reward.view import EMPTY, alarms_html, buckets, calibration, facts, over_checkpoints
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates

HEIGHT = 240
SHARES: list[float | None] = [0.0, 1.0]


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the panel and connect it."""
    gr.HTML('<h2 class="section">Trained reward model</h2>')
    about = gr.HTML(elem_id="reward-model")
    with gr.Row():
        sure = _lines("Calibration: confidence and accuracy", "reward-calibration", "confidence", "accuracy")
    with gr.Row():
        by_margin = _bars("Accuracy by margin (log odds)", "reward-by-margin")
        by_length = _bars("Accuracy by length ratio", "reward-by-length")
    watched = gr.HTML(elem_id="reward-alarms")
    course = _lines("Reward and preference over versions", "reward-course", "version", "share")
    plots = [sure, by_margin, by_length]

    def look() -> Updates:
        model, watch = services.reward_models.current(), services.reward_models.watch()
        drawn: Updates = dict.fromkeys(plots, gr.update(visible=False))
        if model is not None:
            record = model.evaluation
            frames = [calibration(record), buckets(record.by_margin), buckets(record.by_length)]
            drawn = {plot: _shown(frame) for plot, frame in zip(plots, frames, strict=True)}
        return {
            about: facts(model) if model else EMPTY,
            watched: alarms_html(watch),
            course: _shown(over_checkpoints(watch.points)),
            **drawn,
        }

    demo.load(look, None, [about, watched, course, *plots], **PRIVATE)


def _shown(frame: pd.DataFrame) -> Updates:
    shown: Updates = gr.update(value=frame, visible=len(frame) > 0)
    return shown


def _lines(label: str, name: str, x: str, y: str) -> gr.LinePlot:
    return gr.LinePlot(
        x=x,
        y=y,
        color="what",
        y_lim=SHARES,
        height=HEIGHT,
        visible=False,
        label=label,
        elem_id=name,
        elem_classes=["with-legend"],
    )


def _bars(label: str, name: str) -> gr.BarPlot:
    return gr.BarPlot(
        x="bucket",
        y="accuracy",
        sort=None,
        tooltip=["bucket", "accuracy", "pairs"],
        y_lim=SHARES,
        height=HEIGHT,
        visible=False,
        label=label,
        elem_id=name,
    )
