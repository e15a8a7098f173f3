"""Reward: how well the owner's votes can be predicted, by the live reward model and by a trained one."""

from typing import Any

import gradio as gr
import pandas as pd

from feedback_app.services.reward.guess_calibration import GuessCalibration
from feedback_app.services.reward.reward_models import RewardModels
from feedback_app.ui.reward import view
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import heading, section

REFRESH_SECONDS = 5.0
LIVE_HEIGHT, HEIGHT = 300, 240
"""Heights of the plots in pixels."""
SHARES: list[float | None] = [0.0, 1.0]
PURPOSE = "How well your votes can be predicted, and how far the reward models can be trusted."


def build(guesses: GuessCalibration, reward_models: RewardModels, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Reward", PURPOSE))
    _live_model(guesses, demo)
    _trained_model(reward_models, demo)


def _live_model(guesses: GuessCalibration, demo: gr.Blocks) -> None:
    """The guesses of the live reward model. They are refreshed while the page is open."""
    line = gr.HTML(elem_id="live-state")
    table = gr.HTML(elem_id="live-summary")
    with gr.Row():
        curve, reliability = _live_curve(), _live_calibration()
    seen, timer = gr.State(()), gr.Timer(REFRESH_SECONDS)

    def refresh(before: tuple[Any, ...]) -> Updates:
        """Only what changed since the last refresh."""
        state, now = guesses.state(), guesses.signature()
        if now == before:
            return {seen: now}
        known, repeats = guesses.guess_accuracy(), guesses.repeats()
        drawn = known.overall.trials > 0
        return {
            seen: now,
            line: view.live_state(state),
            table: view.live_summary(state, known, repeats),
            curve: gr.update(value=view.live_curves(known), visible=drawn),
            reliability: gr.update(value=view.live_calibration(known), visible=drawn),
        }

    outputs = [line, table, curve, reliability, seen]
    demo.load(lambda: refresh(()), None, outputs, **EVENT_OPTIONS)
    timer.tick(refresh, seen, outputs, **EVENT_OPTIONS)


def _live_curve() -> gr.LinePlot:
    return gr.LinePlot(
        x="guesses",
        y="accuracy",
        color="over",
        y_lim=SHARES,
        height=LIVE_HEIGHT,
        visible=False,
        label="How often I guessed right",
        elem_id="live-curve",
        elem_classes=["with-legend"],
        min_width=300,
    )


def _live_calibration() -> gr.LinePlot:
    return gr.LinePlot(
        x="confidence",
        y="share",
        color="line",
        x_lim=[0.5, 1],
        y_lim=SHARES,
        height=LIVE_HEIGHT,
        visible=False,
        label="Confidence of my guesses, and how often they were right",
        elem_id="live-calibration",
        elem_classes=["with-legend"],
        min_width=300,
    )


def _trained_model(reward_models: RewardModels, demo: gr.Blocks) -> None:
    """The trained reward model: its evaluation as numbers and plots, and the alarms for reward hacking."""
    gr.HTML(section("Trained reward model"))
    about = gr.HTML(elem_id="reward-model")
    with gr.Row():
        confidence = _lines(
            "Calibration: confidence and accuracy", "reward-calibration", "confidence", "accuracy"
        )
    with gr.Row():
        by_margin = _bars("Accuracy by margin (log odds)", "reward-by-margin")
        by_length = _bars("Accuracy by length ratio", "reward-by-length")
    alarms = gr.HTML(elem_id="reward-alarms")
    course = _lines("Reward and preference over versions", "reward-course", "version", "share")
    plots = [confidence, by_margin, by_length]

    def show() -> Updates:
        model, watch = reward_models.current(), reward_models.watch()
        drawn: Updates = dict.fromkeys(plots, gr.update(visible=False))
        if model is not None:
            frames = view.evaluation_frames(model.evaluation)
            drawn = {plot: _shown(frame) for plot, frame in zip(plots, frames, strict=True)}
        return {
            about: view.facts(model) if model else view.no_reward_model(),
            alarms: view.alarms_html(watch),
            course: _shown(view.over_checkpoints(watch.points)),
            **drawn,
        }

    demo.load(show, None, [about, alarms, course, *plots], **EVENT_OPTIONS)


def _shown(frame: pd.DataFrame) -> Updates:
    """The plot of a frame, hidden where the frame is empty."""
    update: Updates = gr.update(value=frame, visible=len(frame) > 0)
    return update


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
