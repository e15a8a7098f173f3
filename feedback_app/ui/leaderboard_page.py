"""Leaderboard: which version wins, and how sure that is."""

from collections.abc import Sequence
from html import escape

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.leaderboard import Standing
from feedback_app.ui.confirm import PRIVATE
from feedback_app.ui.text import heading

EMPTY = (
    '<div class="empty"><p class="empty-title">No two versions have met yet</p><p>Once a round is promoted, the arena '
    "pairs the new version with its predecessor, and every ranking counts here.</p></div>"
)
HEADS = ("Version", "Score", "95 % interval", "Won", "Duels")


def standings_table(rows: Sequence[Standing]) -> str:
    """Standings with their intervals as bars on one scale, as HTML."""
    if not rows:
        return EMPTY
    low, high = min(row.low for row in rows) - 10, max(row.high for row in rows) + 10
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    body = "".join(_row(row, low, high) for row in rows)
    return (
        '<div class="scroll"><table class="plain-table"><caption>Bradley–Terry scores on the Elo scale; base is 1000. '
        "Overlapping intervals mean that more rankings are needed to tell two versions apart. Only pairs drawn at random count: those that "
        "were chosen to learn most, or came back a second time, would favour one side.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Standing, low: float, high: float) -> str:
    share = 100 / (high - low)
    left, width, dot = ((row.low - low) * share, (row.high - row.low) * share, (row.score - low) * share)
    bar = (
        f'<span class="interval" role="img" aria-label="from {row.low:.0f} to {row.high:.0f}">'
        f'<span class="range" style="left:{left:.1f}%;width:{width:.1f}%"></span>'
        f'<span class="dot" style="left:{dot:.1f}%"></span></span>'
        f'<span class="quiet">{row.low:.0f} to {row.high:.0f}</span>'
    )
    won = f"{row.wins / row.votes:.0%}" if row.votes else ""
    return (
        f'<tr><th scope="row">{escape(row.model)}</th><td>{row.score:.0f}</td><td class="wide">{bar}</td>'
        f"<td>{won}</td><td>{row.votes:,}</td></tr>"
    )


def build(services: Services, demo: gr.Blocks) -> None:
    gr.HTML(heading("Leaderboard", "Versions by the rankings of their blind replies."))
    shown = gr.HTML(elem_id="standings")
    demo.load(lambda: standings_table(services.leaderboard.standings()), None, shown, **PRIVATE)
