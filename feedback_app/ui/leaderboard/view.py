"""The leaderboard as HTML. Pure."""

from collections.abc import Callable
from html import escape

from feedback_app.domain.pairwise_outcomes import ENOUGH
from feedback_app.services.leaderboard.leaderboard import Board, Effect, Standing
from feedback_app.ui.shared.text import count

EMPTY = (
    '<div class="empty"><p class="empty-title">No votes between two versions yet</p><p>Once a <a href="rounds">round</a> '
    "has made a new version, the arena shows it beside the one before, and every vote counts here.</p></div>"
)
HEADS = ("Version", "Score", "Adjusted", "95 % intervals", "Won", "Votes")
SCORES = (
    "Scores on the Elo scale (Bradley–Terry); the base model has 1000, and a tie is half a win. Adjusted: the score if all replies were equally "
    "long and equally often on the left. Where intervals overlap, more votes are needed to tell two versions apart. Only pairs "
    "drawn at random count: chosen and repeated pairs would favour one side."
)
MATRIX = "How often the version in the row won against the one in the column (a tie is half a win), and over how many votes."
Called = Callable[[str], str]
STRONGEST = 45
"""Per cent of colour in a cell that always won; with too few votes in proportion less."""


def leaderboard_html(board: Board, called: Called = str) -> str:
    """Scores, what length and side do, and who won against whom. `called` tells what a version is called."""
    if not board.standings:
        return EMPTY
    return standings_table(board, called) + effects(board) + win_matrix(board, called)


def standings_table(board: Board, called: Called = str) -> str:
    sure = [row for row in board.standings if row.enough]
    low = min((min(row.low, row.adjusted_low) for row in sure), default=990.0) - 10
    high = max((max(row.high, row.adjusted_high) for row in sure), default=1010.0) + 10
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    body = "".join(_row(row, called(row.model), low, high) for row in board.standings)
    return _scrolled(
        "Scores",
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>",
        "board",
        SCORES,
    )


def _scrolled(name: str, inside: str, css: str, note: str) -> str:
    """A table that scrolls inside itself, with the keyboard too."""
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0">'
        f'<table class="plain-table {css}">{inside}</table></div><p class="quiet">{note}</p>'
    )


def _row(row: Standing, name: str, low: float, high: float) -> str:
    if row.enough:
        bars = _bar("as voted", "", (row.low, row.score, row.high), low, high) + _bar(
            "adjusted", "adjusted", (row.adjusted_low, row.adjusted, row.adjusted_high), low, high
        )
        scores = f'<td>{row.score:.0f}</td><td>{row.adjusted:.0f}</td><td class="wide">{bars}</td>'
    else:
        scores = f'<td colspan="3" class="quiet">too few votes for a score: {row.votes} of {ENOUGH}</td>'
    return (
        f'<tr><th scope="row">{escape(name)}</th>{scores}'
        f"<td>{row.wins / row.votes:.0%}</td><td>{row.votes:,}</td></tr>"
    )


def _bar(name: str, css: str, score: tuple[float, float, float], low: float, high: float) -> str:
    share = 100 / (high - low)
    left, dot, right = ((value - low) * share for value in score)
    said = f"{score[0]:.0f} to {score[2]:.0f}" if right > left else "fixed"
    return (
        f'<span class="interval {css}" aria-hidden="true">'
        f'<span class="range" style="left:{left:.1f}%;width:{right - left:.1f}%"></span>'
        f'<span class="dot" style="left:{dot:.1f}%"></span></span><span class="quiet">{name} {said}</span>'
    )


def effects(board: Board) -> str:
    facts = [
        ("A reply twice as long wins", _share(board, board.length)),
        ("A reply on the left wins", _share(board, board.side)),
        ("Comparisons", f"{board.comparisons:,}"),
        ("Votes between two versions", f"{board.pairs:,}"),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return (
        '<h2 class="section">Effect of length and position</h2><p class="quiet">How often a reply wins for this reason alone. '
        "50 % means no effect. Length is in characters. The adjusted scores remove both effects.</p>"
        f'<dl class="facts" id="effects">{listed}</dl>'
    )


def _share(board: Board, effect: Effect | None) -> str:
    if effect is None or not board.enough:
        return f'not known yet <span class="quiet">{board.pairs} of {ENOUGH} votes</span>'
    return f'{effect.share:.0%} <span class="quiet">{effect.low:.0%} to {effect.high:.0%}</span>'


def win_matrix(board: Board, called: Called = str) -> str:
    names = [escape(called(row.model)) for row in board.standings]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(_cell(board, i, j) for j in range(len(names)))}</tr>'
        for i, name in enumerate(names)
    )
    inside = f"<thead><tr><td>won against</td>{head}</tr></thead><tbody>{body}</tbody>"
    return '<h2 class="section">Head to head</h2>' + _scrolled("Head to head", inside, "matrix", MATRIX)


def _cell(board: Board, i: int, j: int) -> str:
    votes = board.votes[i][j]
    if not votes:
        said = "itself" if i == j else "no votes"
        return f'<td class="quiet"><span aria-hidden="true">–</span><span class="sr">{said}</span></td>'
    share = board.points[i][j] / votes
    css = "more" if share > 0.5 else "less"
    return (
        f'<td class="{css}" style="--by:{abs(2 * share - 1) * min(votes / ENOUGH, 1) * STRONGEST:.0f}%">{share:.0%} '
        f'<span class="votes">{count(votes, "vote")}</span></td>'
    )
