"""The parts of the settings page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.preferences import HOTTEST, LONGEST_REPLY
from feedback_app.ui.shared.confirm import Confirm, confirm
from feedback_app.ui.shared.text import heading, section

TOKENS = f"From 1 to {LONGEST_REPLY:,} tokens; 100 tokens are about 75 words."
TEMPERATURES = f"From 0 (always the likeliest words) to {HOTTEST:.0f} (full of surprises)."
THEMES = [("As the device", "system"), ("Light", "light"), ("Dark", "dark")]
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SettingsScreen:
    """`fields` and `labels` are keyed by the names of the preferences."""

    fields: Mapping[str, Any]
    labels: Mapping[str, str]
    save: gr.Button
    reset: gr.Button
    confirm: Confirm
    line: gr.HTML


class Form:
    """Draws the fields. A field that an environment variable sets names the variable and cannot be changed."""

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._fixed = fixed
        self.fields: dict[str, Any] = {}
        self.labels: dict[str, str] = {}

    def field(self, component: Any, name: str, label: str, *values: Any, info: str = "", **more: Any) -> None:
        variable = self._fixed.get(name)
        info = f"Set by {variable}." if variable else info
        self.labels[name] = label
        self.fields[name] = component(
            *values,
            label=label,
            info=info or None,
            interactive=variable is None,
            elem_id=name.replace("_", "-"),
            **more,
        )


def lay_out(languages: Options, topics: Options, fixed: Mapping[str, str]) -> SettingsScreen:
    gr.HTML(
        heading("Settings", "What you choose here is stored on this machine and applies from the next reply.")
    )
    form = Form(fixed)
    _prompts(form, languages, topics)
    _replies(form)
    _rest(form)
    with gr.Row(elem_id="settings-does"):
        save = gr.Button("Save", variant="primary", elem_id="save-settings", min_width=120)
        reset = gr.Button("Reset to defaults", elem_id="reset-settings", min_width=120)
    question = confirm("reset-settings", "Reset")
    line = gr.HTML(elem_id="settings-line")
    return SettingsScreen(form.fields, form.labels, save, reset, question, line)


def _prompts(form: Form, languages: Options, topics: Options) -> None:
    gr.HTML(section("Prompts in the arena"))
    with gr.Group():
        form.field(
            gr.CheckboxGroup, "languages", "Languages", list(languages), info="The arena asks in these."
        )
        form.field(
            gr.CheckboxGroup,
            "topics",
            "Topics",
            list(topics),
            info="The arena asks about these. None chosen: all.",
        )


def _replies(form: Form) -> None:
    gr.HTML(section("Replies"))
    with gr.Row():
        for where, title in (("chat", "Chat"), ("arena", "Arena")):
            with gr.Column(min_width=280), gr.Group():
                form.field(
                    gr.Number,
                    f"{where}_max_new_tokens",
                    f"{title}: longest reply",
                    info=TOKENS,
                    precision=0,
                )
                form.field(
                    gr.Number, f"{where}_temperature", f"{title}: temperature", step=0.05, info=TEMPERATURES
                )


def _rest(form: Form) -> None:
    gr.HTML(section("New conversations"))
    with gr.Row():
        form.field(gr.Dropdown, "model", "Model", [("latest", "latest")], filterable=False, min_width=280)
        form.field(gr.Dropdown, "persona", "Persona", [], filterable=False, min_width=280)
    gr.HTML(section("This page and the others"))
    with gr.Group():
        form.field(gr.Radio, "theme", "Colours", THEMES)
        form.field(gr.Checkbox, "notify", "Tell me when a round ends")
