"""Arena: rank replies side by side. The scripts in `static/` fill the frame, so that a vote never waits for the service.
See docs/decisions/0021-arena.md."""

import gradio as gr

from feedback_app.domain.comparison import ASPECTS
from feedback_app.domain.languages import own_name
from feedback_app.services.arena.arena import Arena
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import heading, topic_name


def build(arena: Arena) -> None:
    """Draw the frame of the page."""
    title = heading("Arena", "Rank replies without knowing who wrote them. Your rankings train the model.")
    gr.HTML("".join((title, frame(arena))), elem_id="arena-page")


def frame(arena: Arena) -> str:
    """The page below its title, as HTML."""
    packs = arena.packs
    return render(
        "arena/page.html",
        languages=[(code, own_name(code)) for code in packs.languages()],
        all_topics=[(topic, topic_name(topic)) for topic in packs.subjects()],
        topics=[(topic, topic_name(topic)) for topic in packs.topics()],
        candidates=arena.planner.candidates,
        aspects=ASPECTS,
    )
