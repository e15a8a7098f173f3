"""Arena: rank replies side by side. The page draws itself (`static/arena/`), as no verdict may wait for a round trip:
see docs/decisions/0021-arena.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr

from feedback_app.domain.aspects import ASPECTS
from feedback_app.services.bundle import Services
from feedback_app.ui.arena_help import shortcuts
from feedback_app.ui.first_question import first_question
from feedback_app.ui.text import heading, topic_name


@dataclass(frozen=True, slots=True)
class Button:
    """`key` is written on it; `keys` are all that press it, as `aria-keyshortcuts` names them."""

    id: str
    label: str
    key: str
    css: str = ""
    keys: str = ""

    def html(self) -> str:
        return (
            f'<button type="button" id="{self.id}" class="{self.css}" aria-keyshortcuts="{self.keys or self.key}" hidden>'
            f'<span class="does">{self.label}</span> <kbd aria-hidden="true">{self.key}</kbd></button>'
        )


VERDICTS = (
    Button("better-1", "A is better", "A", "two main", "A 1"),
    Button("tie", "Tie", "T"),
    Button("better-2", "B is better", "B", "two main", "B 2"),
    Button("submit-ranking", "Submit ranking", "Enter", "many main"),
    Button("all-bad", "All bad", "X"),
    Button("skip", "Skip", "S"),
    Button("undo", "Undo", "U", "undo"),
    Button("rewrite", "Write it better", "E"),
    Button("again", "Fresh replies", "R"),
    Button("next", "Next", "N", "next main"),
)


def build(services: Services, demo: gr.Blocks) -> None:
    """The frame that the page fills."""
    arena = services.arena
    parts = (
        heading("Arena", "Rank replies without knowing who wrote them. Your rankings train the model."),
        first_question(services),
        '<div id="arena" data-state="loading" data-ahead="0"><div id="progress"></div>',
        _ask(arena.packs.topics(), arena.candidates),
        '<div id="line" role="alert"></div><div id="decided" role="status"></div>',
        '<section id="asked" class="asked" aria-label="Prompt" hidden></section><div id="cards"></div>',
        _rewrite(),
        _verdicts(),
        _details(),
        shortcuts(),
        "</div>",
    )
    gr.HTML("".join(parts), elem_id="arena-page")


def _ask(topics: Sequence[str], candidates: int) -> str:
    """Its buttons are off until `arena.js` listens: before, a click would be lost, or send the form and load the page anew."""
    options = "".join(
        f'<option value="{escape(topic)}">{escape(topic_name(topic))}</option>' for topic in topics
    )
    numbers = "".join(
        f'<label><input type="radio" name="number" value="{n}"{" checked" if n == candidates else ""}>{n}</label>'
        for n in (2, 3, 4)
    )
    return (
        '<form id="ask"><label for="prompt">Prompt</label><p id="after" hidden></p>'
        '<textarea id="prompt" rows="1" placeholder="Write a message to answer, or press “Give me a prompt”"></textarea>'
        '<div id="ask-row"><label for="topic">Topic <select id="topic">'
        f'<option value="">Any topic</option>{options}</select></label>'
        f'<fieldset id="number"><legend>Replies</legend>{numbers}</fieldset>'
        '<label id="auto"><input type="checkbox" checked>Next pair automatically</label>'
        '<div id="ask-buttons"><button type="button" id="draw" disabled>Give me a prompt</button>'
        '<button type="submit" id="compare" class="main" disabled>Compare replies</button></div></div></form>'
    )


def _verdicts() -> str:
    return (
        '<div id="bar"><div id="places-line" hidden><span id="places-told" role="status"></span>'
        '<button type="button" id="place-back" aria-keyshortcuts="Backspace" aria-label="Take back the last place">Take back '
        '<kbd aria-hidden="true">Backspace</kbd></button></div>'
        '<div id="verdicts" role="group" aria-label="Your verdict">'
        f"{''.join(button.html() for button in VERDICTS)}</div></div>"
    )


def _rewrite() -> str:
    return (
        '<section id="own" aria-label="Your version" hidden><label for="edit">Your version</label>'
        '<p class="quiet" id="own-about">Write the reply you would have liked. It counts as better than every reply here, and '
        "the model learns from it directly.</p>"
        '<p id="own-from">Start from <span></span></p><textarea id="edit" rows="8" aria-describedby="own-about"></textarea>'
        '<div class="row"><button type="button" id="save-own" class="main" aria-keyshortcuts="Control+Enter Meta+Enter">'
        'Save <kbd aria-hidden="true">Ctrl+Enter</kbd></button><button type="button" id="close-own" '
        'aria-keyshortcuts="Escape">Cancel <kbd aria-hidden="true">Esc</kbd></button></div></section>'
        '<p id="own-kept" class="notice" hidden>Your version is not saved yet. It stays here and is saved with your vote. '
        '<button type="button" class="link" id="open-own">Continue writing</button> '
        '<button type="button" class="link" id="drop-own">Discard it</button></p>'
    )


def _details() -> str:
    aspects = "".join(f'<label><input type="checkbox" value="{name}">{name}</label>' for name in ASPECTS)
    return (
        '<details id="details" hidden><summary>Add details (optional)</summary>'
        f'<fieldset id="aspects"><legend>The better reply is…</legend>{aspects}</fieldset>'
        '<label for="note">Note to yourself</label><input id="note" type="text">'
        '<button type="button" id="save-details" hidden>Save with this ranking</button></details>'
    )
