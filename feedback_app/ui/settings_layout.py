"""The parts of the settings page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.preferences import HOTTEST, LONGEST_REPLY
from feedback_app.ui.confirm import Confirm, confirm
from feedback_app.ui.text import heading

TOKENS = f"From 1 to {LONGEST_REPLY:,} tokens; 100 tokens are about 75 words."
WARMTH = f"From 0 (always the likeliest words) to {HOTTEST:.0f} (full of surprises)."
THEMES = [("As the device", "system"), ("Light", "light"), ("Dark", "dark")]
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SettingsScreen:
    """`fields` by the names of the preferences; `labels` are what the page calls them."""

    fields: Mapping[str, Any]
    labels: Mapping[str, str]
    save: gr.Button
    reset: gr.Button
    confirm: Confirm
    line: gr.HTML


class Drawer:
    """Draws fields, each with what decides it where the environment does."""

    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._fixed = fixed
        self.fields: dict[str, Any] = {}
        self.labels: dict[str, str] = {}

    def draw(self, kind: Any, name: str, label: str, *values: Any, info: str = "", **more: Any) -> None:
        by = self._fixed.get(name)
        told = f"Set by {by}." if by else info
        self.labels[name] = label
        self.fields[name] = kind(
            *values,
            label=label,
            info=told or None,
            interactive=by is None,
            elem_id=name.replace("_", "-"),
            **more,
        )


def lay_out(languages: Options, topics: Options, fixed: Mapping[str, str]) -> SettingsScreen:
    gr.HTML(
        heading("Settings", "What you choose here is stored on this machine and applies from the next reply.")
    )
    drawer = Drawer(fixed)
    _prompts(drawer, languages, topics)
    _replies(drawer)
    _rest(drawer)
    with gr.Row(elem_id="settings-does"):
        save = gr.Button("Save", variant="primary", elem_id="save-settings", min_width=120)
        reset = gr.Button("Reset to defaults", elem_id="reset-settings", min_width=120)
    question = confirm("reset-settings", "Reset")
    line = gr.HTML(elem_id="settings-line")
    return SettingsScreen(drawer.fields, drawer.labels, save, reset, question, line)


def _section(title: str) -> None:
    gr.HTML(f'<h2 class="section">{title}</h2>')


def _prompts(drawer: Drawer, languages: Options, topics: Options) -> None:
    _section("Prompts in the arena")
    with gr.Group():
        drawer.draw(
            gr.CheckboxGroup, "languages", "Languages", list(languages), info="The arena asks in these."
        )
        drawer.draw(
            gr.CheckboxGroup,
            "topics",
            "Topics",
            list(topics),
            info="The arena asks about these. None chosen: all.",
        )


def _replies(drawer: Drawer) -> None:
    _section("Replies")
    with gr.Row():
        for where, title in (("chat", "Chat"), ("arena", "Arena")):
            with gr.Column(min_width=280), gr.Group():
                drawer.draw(
                    gr.Number,
                    f"{where}_max_new_tokens",
                    f"{title}: longest reply",
                    info=TOKENS,
                    precision=0,
                )
                drawer.draw(
                    gr.Number, f"{where}_temperature", f"{title}: temperature", step=0.05, info=WARMTH
                )


def _rest(drawer: Drawer) -> None:
    _section("New conversations")
    with gr.Row():
        drawer.draw(gr.Dropdown, "model", "Model", [("latest", "latest")], filterable=False, min_width=280)
        drawer.draw(gr.Dropdown, "persona", "Persona", [], filterable=False, min_width=280)
    _section("This page and the others")
    with gr.Group():
        drawer.draw(gr.Radio, "theme", "Colours", THEMES)
        drawer.draw(gr.Checkbox, "notify", "Tell me when a round ends")
