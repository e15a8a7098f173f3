"""Arena: rank replies side by side. The page draws itself (`static/arena/`), as no verdict may wait for a round trip:
see docs/decisions/0021-arena.md."""

from collections.abc import Sequence
from html import escape

import gradio as gr

from feedback_app.domain.aspects import ASPECTS
from feedback_app.services.bundle import Services
from feedback_app.ui.first_question import first_question
from feedback_app.ui.text import heading

HELP = (
    ("1–4", "choose: of two replies the better one; of more, the next place, best first"),
    ("Enter", "submit the places (three or four replies)"),
    ("T", "tie"),
    ("B", "all bad"),
    ("S", "skip"),
    ("U", "undo, as often as there is something to undo"),
    ("E", "rewrite: write the reply you would have liked"),
    ("R", "fresh replies to the same prompt"),
    ("N", "next, where the page does not go on by itself"),
    ("Esc", "leave a field"),
    ("?", "this help"),
)
NOTES = (
    "Keys rest while you write. A tie or “all bad” is kept but teaches nothing; skip what you cannot judge.",
    "Your rewrite counts as the winner: it is learned from directly, and it beats every reply that was shown.",
    "The names of the models appear after your verdict. A refresh loses nothing: replies go on being written.",
    "Three or four replies: drag a letter to its place, or move it with the arrow keys; equal places are a tie.",
    "Now and then a pair that you judged long ago comes back with its sides changed, to see how far you agree with yourself.",
)
BUTTONS = (
    ("better-1", "A is better", "1", "two main"),
    ("tie", "Tie", "t", ""),
    ("better-2", "B is better", "2", "two main"),
    ("submit-ranking", "Submit ranking", "Enter", "many main"),
    ("all-bad", "All bad", "b", ""),
    ("skip", "Skip", "s", ""),
    ("undo", "Undo", "u", "undo"),
    ("again", "Fresh replies", "r", ""),
    ("next", "Next", "n", "next main"),
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
        _verdicts(),
        _details(),
        _help(),
        "</div>",
    )
    gr.HTML("".join(parts), elem_id="arena-page")


def _ask(topics: Sequence[str], candidates: int) -> str:
    options = "".join(
        f'<option value="{escape(topic)}">{escape(topic.replace("_", " "))}</option>' for topic in topics
    )
    numbers = "".join(
        f'<label><input type="radio" name="number" value="{n}"{" checked" if n == candidates else ""}>{n}</label>'
        for n in (2, 3, 4)
    )
    return (
        '<form id="ask"><label for="prompt">Prompt</label><p id="after" hidden></p>'
        '<textarea id="prompt" rows="1" placeholder="Write something to answer, or draw a prompt"></textarea>'
        '<div id="ask-row"><label for="topic">Topic <select id="topic">'
        f'<option value="">Any topic</option>{options}</select></label>'
        f'<fieldset id="number"><legend>Replies</legend>{numbers}</fieldset>'
        '<label id="auto"><input type="checkbox" checked>Go on by itself</label>'
        '<span class="push"></span><button type="button" id="draw">Draw a prompt</button>'
        '<button type="submit" id="compare" class="main">Compare replies</button></div></form>'
    )


def _verdicts() -> str:
    made = (
        f'<button type="button" id="{name}" class="{css}" aria-keyshortcuts="{key}" hidden>{label}</button>'
        for name, label, key, css in BUTTONS
    )
    return f'<div id="verdicts" role="group" aria-label="Your verdict">{"".join(made)}</div>'


def _details() -> str:
    aspects = "".join(f'<label><input type="checkbox" value="{name}">{name}</label>' for name in ASPECTS)
    return (
        '<details id="details" hidden><summary>Say more (optional)</summary>'
        f'<fieldset id="aspects"><legend>The better reply is…</legend>{aspects}</fieldset>'
        '<label for="edit">Your rewrite <span class="quiet">How you would have said it. It counts as the winner, and the '
        'model learns from it directly.</span></label><textarea id="edit" rows="3"></textarea>'
        '<label for="note">Note to yourself</label><input id="note" type="text">'
        '<button type="button" id="save-details" hidden>Save with this ranking</button></details>'
    )


def _help() -> str:
    rows = "".join(f'<tr><th scope="row"><kbd>{key}</kbd></th><td>{does}</td></tr>' for key, does in HELP)
    notes = "".join(f"<p>{note}</p>" for note in NOTES)
    return f'<details id="help"><summary>Keys and help</summary><table>{rows}</table>{notes}</details>'
