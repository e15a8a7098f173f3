"""The leaderboard as HTML. Pure."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from feedback_app.domain.pairwise_outcomes import ENOUGH
from feedback_app.services.leaderboard.leaderboard import Board, Effect, Standing
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count

Names = Callable[[str], str]
"""The name of a version on the page."""
STRONGEST = 45
"""Per cent of colour in a cell of a version that always won. Few votes give less colour."""
LOWEST, HIGHEST = 990.0, 1010.0
"""The ends of the scale while no score has enough votes."""
MARGIN = 10
"""Space on the scale beyond the outermost intervals."""


def leaderboard_html(board: Board, called: Names = str) -> Markup:
    """Scores, the effects of length and position, and who won against whom."""
    if not board.standings:
        return render("leaderboard/empty.html")
    return standings_table(board, called) + effects(board) + win_matrix(board, called)


def standings_table(board: Board, called: Names = str) -> Markup:
    """A row with score and intervals for each version. All intervals are drawn on one scale."""
    scored = [row for row in board.standings if row.enough]
    low = min((min(row.low, row.adjusted_low) for row in scored), default=LOWEST) - MARGIN
    high = max((max(row.high, row.adjusted_high) for row in scored), default=HIGHEST) + MARGIN
    rows = [_row(row, called(row.model), low, high) for row in board.standings]
    return render("leaderboard/standings.html", rows=rows, enough=ENOUGH)


def _row(row: Standing, name: str, low: float, high: float) -> dict[str, Any]:
    return {
        "name": name,
        "enough": row.enough,
        "score": f"{row.score:.0f}",
        "adjusted": f"{row.adjusted:.0f}",
        "voted_bar": _bar(row.low, row.score, row.high, low, high),
        "adjusted_bar": _bar(row.adjusted_low, row.adjusted, row.adjusted_high, low, high),
        "voted": row.votes,
        "won": f"{row.wins / row.votes:.0%}",
        "votes": f"{row.votes:,}",
    }


def _bar(start: float, score: float, end: float, low: float, high: float) -> dict[str, str]:
    """An interval and its score in per cent of a scale from `low` to `high`, and in words."""
    share = 100 / (high - low)
    left, dot, right = ((value - low) * share for value in (start, score, end))
    words = f"{start:.0f} to {end:.0f}" if right > left else "fixed"
    return {"left": f"{left:.1f}", "width": f"{right - left:.1f}", "dot": f"{dot:.1f}", "words": words}


def effects(board: Board) -> Markup:
    """How often a reply wins because of its length or its position."""
    facts = [
        ("A reply twice as long wins", *_share(board, board.length)),
        ("A reply on the left wins", *_share(board, board.side)),
        ("Comparisons", f"{board.comparisons:,}", ""),
        ("Votes between two versions", f"{board.pairs:,}", ""),
    ]
    return render("leaderboard/effects.html", facts=facts)


def _share(board: Board, effect: Effect | None) -> tuple[str, str]:
    """The share and its interval."""
    if effect is None or not board.enough:
        return "not known yet", f"{board.pairs} of {ENOUGH} votes"
    return f"{effect.share:.0%}", f"{effect.low:.0%} to {effect.high:.0%}"


def win_matrix(board: Board, called: Names = str) -> Markup:
    """How often each version won against each other version."""
    names = [called(row.model) for row in board.standings]
    size = range(len(names))
    rows = [[_cell(board, i, j) for j in size] for i in size]
    return render("leaderboard/head_to_head.html", names=names, rows=rows)


def _cell(board: Board, i: int, j: int) -> dict[str, str]:
    votes = board.votes[i][j]
    if not votes:
        return {"votes": "", "missing": "itself" if i == j else "no votes"}
    share = board.points[i][j] / votes
    strength = abs(2 * share - 1) * min(votes / ENOUGH, 1) * STRONGEST
    return {
        "css": "more" if share > 0.5 else "less",
        "strength": f"{strength:.0f}",
        "share": f"{share:.0%}",
        "votes": count(votes, "vote"),
    }
