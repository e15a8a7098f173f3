"""The parts of the rounds page."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.rounds.before_after import BeforeAfterScreen, lay_out_before_after
from feedback_app.ui.rounds.deletion import DeletionScreen, lay_out_deletion
from feedback_app.ui.rounds.methods import about, choices, presets, usual
from feedback_app.ui.rounds.view import HEADERS
from feedback_app.ui.shared.text import heading

FIRST = "dpo"
REFRESH_SECONDS = 2.0
"""How often an open page reads the database."""


@dataclass(frozen=True, slots=True)
class RoundsScreen:
    """`seen` describes what the page shows, so that a refresh sends only what changed."""

    readiness: gr.HTML
    preset: gr.Dropdown
    method: gr.Radio
    about: gr.HTML
    first: gr.Checkbox
    sft_first: gr.Checkbox
    queue: gr.Button
    estimate: gr.HTML
    rate: gr.Textbox
    beta: gr.Textbox
    epochs: gr.Textbox
    steps: gr.Textbox
    repeats: gr.Textbox
    line: gr.HTML
    table: gr.Dataframe
    chosen: gr.Dropdown
    detail: gr.HTML
    before_after: BeforeAfterScreen
    measure: gr.Dropdown
    plot: gr.LinePlot
    cancel: gr.Button
    resume: gr.Button
    deletion: DeletionScreen
    seen: gr.State
    timer: gr.Timer

    def outputs(self) -> list[Any]:
        shown = [
            self.readiness,
            self.queue,
            self.estimate,
            self.line,
            self.table,
            self.chosen,
            self.detail,
            *self.before_after.outputs(),
            self.measure,
            self.plot,
        ]
        return [*shown, self.cancel, self.resume, self.deletion.button, self.seen]


def lay_out() -> RoundsScreen:
    gr.HTML(
        heading(
            "Rounds",
            "A round trains a new version of the model on your rankings. Quality checks decide whether it is used.",
        )
    )
    readiness = gr.HTML(elem_id="supply")
    queue = gr.Button("Train a new version", variant="primary", elem_id="queue-round")
    estimate = gr.HTML(elem_id="estimate")
    what, fields = _advanced()
    line = gr.HTML(elem_id="line")
    detail = gr.HTML(elem_id="detail")
    with gr.Row():
        cancel = gr.Button("Cancel", visible=False, elem_id="cancel-round", size="sm", min_width=90)
        resume = gr.Button("Resume", visible=False, elem_id="resume-round", size="sm", min_width=90)
    deletion = lay_out_deletion()
    before_after = lay_out_before_after()
    measure = gr.Dropdown([], label="Curve", visible=False, filterable=False, elem_id="measure")
    plot = _curve_plot()
    table, chosen = _all_rounds()
    return RoundsScreen(
        readiness,
        *what,
        queue,
        estimate,
        *fields,
        line=line,
        table=table,
        chosen=chosen,
        detail=detail,
        before_after=before_after,
        measure=measure,
        plot=plot,
        cancel=cancel,
        resume=resume,
        deletion=deletion,
        seen=gr.State(()),
        timer=gr.Timer(REFRESH_SECONDS),
    )


def _all_rounds() -> tuple[gr.Dataframe, gr.Dropdown]:
    """The table of all rounds, and the choice of the round that is shown."""
    table = gr.Dataframe(
        headers=HEADERS,
        interactive=False,
        visible=False,
        label="All rounds",
        max_height=260,
        elem_id="rounds-table",
    )
    return table, gr.Dropdown([], label="Show round", visible=False, filterable=False, elem_id="round")


Fields = tuple[gr.Textbox, gr.Textbox, gr.Textbox, gr.Textbox, gr.Textbox]


def _advanced() -> tuple[tuple[gr.Dropdown, gr.Radio, gr.HTML, gr.Checkbox, gr.Checkbox], Fields]:
    """The method and its settings. The usual round needs none of them."""
    with gr.Accordion("Advanced", open=False, elem_id="advanced"):
        preset = gr.Dropdown(
            presets(), value="rankings", label="Learn from", filterable=False, elem_id="preset"
        )
        method = gr.Radio(choices(), value=FIRST, label="Method", elem_id="method")
        explained = gr.HTML(about(FIRST), elem_id="about-method")
        with gr.Row(equal_height=True):
            first = gr.Checkbox(
                label="Also train a reward model and use it in the quality checks", elem_id="reward-first"
            )
            sft_first = gr.Checkbox(label="Train on my rewrites first (SFT)", elem_id="sft-first")
        return (preset, method, explained, first, sft_first), _fields()


def _fields() -> Fields:
    """Rate, beta, epochs, steps and repeats."""
    defaults = usual(FIRST)
    with gr.Row():
        return (
            _setting("Learning rate", "rate", defaults["learning_rate"]),
            _setting("Beta (keeps it close to the base)", "beta", defaults["beta"]),
            _setting("Epochs", "epochs", defaults["epochs"]),
            _setting("Steps (PPO: replies)", "steps", defaults["steps"]),
            _setting("Repeats on fresh replies", "repeats", defaults["online_repeats"]),
        )


def _setting(label: str, name: str, default: str) -> gr.Textbox:
    return gr.Textbox(
        label=label, placeholder=placeholder(default), interactive=bool(default), elem_id=name, min_width=140
    )


def placeholder(default: str) -> str:
    """The placeholder of a setting: its default, or that the method does not have it."""
    return f"usual: {default}" if default else "not for this method"


def _curve_plot() -> gr.LinePlot:
    return gr.LinePlot(
        x="step",
        y="value",
        x_title="step",
        y_title="",
        height=240,
        visible=False,
        label="Training",
        elem_id="curve",
    )
