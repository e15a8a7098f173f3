"""The parts of the rounds page."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.round_methods import METHODS, about, choices
from feedback_app.ui.round_presets import presets
from feedback_app.ui.rounds_view import HEADERS
from feedback_app.ui.text import heading

FIRST = "dpo"
LOOK_EVERY = 2.0
"""Seconds between two looks at the database while the page is open."""


@dataclass(frozen=True, slots=True)
class RoundsScreen:
    """`seen` is what the page shows already, so that a look sends only what changed."""

    supply: gr.HTML
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
    measure: gr.Dropdown
    plot: gr.LinePlot
    cancel: gr.Button
    resume: gr.Button
    seen: gr.State
    timer: gr.Timer

    def outputs(self) -> list[Any]:
        shown = [
            self.supply,
            self.estimate,
            self.line,
            self.table,
            self.chosen,
            self.detail,
            self.measure,
            self.plot,
        ]
        return [*shown, self.cancel, self.resume, self.seen]


def lay_out() -> RoundsScreen:
    gr.HTML(
        heading("Rounds", "A round trains the model on your rankings; a gate decides whether it is used.")
    )
    supply = gr.HTML(elem_id="supply")
    what = _what()
    queue = gr.Button("Queue a round", variant="primary", elem_id="queue-round")
    estimate = gr.HTML(elem_id="estimate")
    fields = _fields()
    line = gr.HTML(elem_id="line")
    table = gr.Dataframe(
        headers=HEADERS,
        interactive=False,
        visible=False,
        label="Rounds",
        max_height=260,
        elem_id="rounds-table",
    )
    chosen = gr.Dropdown([], label="Show round", visible=False, filterable=False, elem_id="round")
    detail = gr.HTML(elem_id="detail")
    with gr.Row():
        cancel = gr.Button("Cancel", visible=False, elem_id="cancel-round", size="sm", min_width=90)
        resume = gr.Button("Resume", visible=False, elem_id="resume-round", size="sm", min_width=90)
    measure = gr.Dropdown([], label="Curve", visible=False, filterable=False, elem_id="measure")
    plot = _curve_plot()
    return RoundsScreen(
        supply,
        *what,
        queue,
        estimate,
        *fields,
        line=line,
        table=table,
        chosen=chosen,
        detail=detail,
        measure=measure,
        plot=plot,
        cancel=cancel,
        resume=resume,
        seen=gr.State(()),
        timer=gr.Timer(LOOK_EVERY),
    )


def _what() -> tuple[gr.Dropdown, gr.Radio, gr.HTML, gr.Checkbox, gr.Checkbox]:
    """What somebody wants in plain words, which sets the rest: the method, what it is, and the stages that may go before."""
    preset = gr.Dropdown(
        presets(), value="rankings", label="What you want", filterable=False, elem_id="preset"
    )
    method = gr.Radio(choices(), value=FIRST, label="How", elem_id="method")
    told = gr.HTML(about(FIRST), elem_id="about-method")
    with gr.Row(equal_height=True):
        first = gr.Checkbox(label="Train a reward model first; it speaks in the gate", elem_id="reward-first")
        sft_first = gr.Checkbox(label="Learn from demonstrations first (SFT)", elem_id="sft-first")
    return preset, method, told, first, sft_first


def _fields() -> tuple[gr.Textbox, gr.Textbox, gr.Textbox, gr.Textbox, gr.Textbox]:
    """Rate, beta, epochs, steps and repeats."""
    view = METHODS[FIRST]
    with gr.Accordion("Advanced", open=False, elem_id="advanced"), gr.Row():
        return (
            _setting("Learning rate", "rate", view.rate),
            _setting("Beta (pull back to the base)", "beta", view.beta),
            _setting("Epochs", "epochs", view.epochs),
            _setting("Steps (PPO: replies)", "steps", view.steps),
            _setting("Repeats on fresh replies", "repeats", view.repeats),
        )


def _setting(label: str, name: str, usual: str) -> gr.Textbox:
    return gr.Textbox(
        label=label, placeholder=placeholder(usual), interactive=bool(usual), elem_id=name, min_width=140
    )


def placeholder(usual: str) -> str:
    """What an empty setting says; one that the method does not have says so."""
    return f"usual: {usual}" if usual else "not for this method"


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
