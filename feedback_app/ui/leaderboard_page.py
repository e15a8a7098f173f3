"""Leaderboard: which version wins, how sure that is, and the effect of length and position."""

import gradio as gr

from feedback_app.domain.version_names import short_name
from feedback_app.services.bundle import Services
from feedback_app.services.leaderboard import OWNER
from feedback_app.ui.confirm import PRIVATE
from feedback_app.ui.leaderboard_view import leaderboard_html
from feedback_app.ui.text import heading

WHOSE = (("Everyone's votes", ""), ("Only my votes", OWNER))


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Leaderboard", "How the versions compare in blind votes."))
    whose = gr.Radio(WHOSE, value="", label="Votes", elem_id="whose")
    shown = gr.HTML(elem_id="standings")

    def show(annotator: str) -> str:
        checkpoints = services.models.checkpoints()
        board = services.leaderboard.board(annotator)
        return leaderboard_html(board, lambda name: short_name(name, checkpoints))

    demo.load(show, whose, shown, **PRIVATE)
    whose.change(show, whose, shown, trigger_mode="always_last", **PRIVATE)
