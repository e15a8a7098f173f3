"""The owner's rankings on the Data page: found, looked at, corrected, taken out, deleted. The panel draws itself
(`static/rankings.js`), like the arena, with what `rankings_routes` answers."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui.data.rankings_form import search_form

MANY = (
    '<div id="many" role="group" aria-label="With the selected rankings">'
    '<label class="box"><input type="checkbox" id="pick-shown">Select all shown</label>'
    '<button type="button" id="pick-found">Select all found</button><span id="picked" role="status"></span>'
    '<button type="button" id="many-out" disabled>Exclude</button>'
    '<button type="button" id="many-back" disabled>Include again</button>'
    '<button type="button" id="many-delete" disabled>Delete permanently</button></div>'
)
CONFIRM = (
    '<div id="sure" class="confirm" role="alertdialog" aria-label="Delete permanently" aria-describedby="sure-words" hidden><p id="sure-words"></p>'
    '<div class="does"><button type="button" id="sure-yes">Delete permanently</button>'
    '<button type="button" id="sure-no">Keep</button></div></div>'
)


def build(services: Services, demo: gr.Blocks) -> None:
    """The frame that the script fills."""
    parts = (
        '<h2 class="section">Your rankings</h2><div id="rankings" data-state="loading"><div id="consistency"></div>',
        search_form(),
        '<div id="rankings-line" role="status"></div><p id="found" role="status"></p>',
        MANY,
        CONFIRM,
        '<ol id="found-list"></ol><button type="button" id="more" hidden>Show more</button></div>',
    )
    gr.HTML("".join(parts), elem_id="rankings-panel")
