"""Leaderboard: which version wins, how certain that is, and the effect of length and position."""

import gradio as gr

from feedback_app.domain.version_names import short_name
from feedback_app.services.generation.versions import Models
from feedback_app.services.leaderboard.leaderboard import OWNER, Leaderboard
from feedback_app.ui.leaderboard.view import leaderboard_html
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.text import heading

WHOSE = (("Everyone's votes", ""), ("Only my votes", OWNER))


def build(leaderboard: Leaderboard, models: Models, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Leaderboard", "How the versions compare in blind votes."))
    whose = gr.Radio(WHOSE, value="", label="Votes", elem_id="whose")
    shown = gr.HTML(elem_id="standings")

    def show(annotator: str) -> str:
        checkpoints = models.checkpoints()
        board = leaderboard.board(annotator)
        return leaderboard_html(board, lambda name: short_name(name, checkpoints))

    demo.load(show, whose, shown, **EVENT_OPTIONS)
    whose.change(show, whose, shown, trigger_mode="always_last", **EVENT_OPTIONS)
