"""`codelynn leaderboard`: which version wins."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from feedback_app.commands.running import opened, out, told
from feedback_app.services.leaderboard import ENOUGH, OWNER, Board, Effect, Standing


def leaderboard(
    mine: Annotated[bool, typer.Option("--mine", help="Only the owner's rankings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Which version wins: Bradley-Terry scores, also adjusted for length and side, with 95 % intervals."""
    with told(), opened() as services:
        board = services.leaderboard.board(OWNER if mine else "")
        if as_json:
            sys.stdout.write(json.dumps(asdict(board)) + "\n")
        elif board.standings:
            _print(board)
        else:
            out.print("no two versions have met yet: rank replies in the arena once a round is promoted")


def _print(board: Board) -> None:
    table = Table("version", "score", "adjusted", "won", "votes")
    for row in board.standings:
        table.add_row(row.model, *_scores(row), f"{row.wins / row.votes:.0%}", f"{row.votes:,}")
    out.print(table)
    if board.enough and board.length and board.side:
        out.print(f"twice as long wins {_share(board.length)}; the left wins {_share(board.side)}")


def _scores(row: Standing) -> tuple[str, str]:
    if not row.enough:
        return f"{row.votes} of {ENOUGH} votes", ""
    return (
        f"{row.score:.0f} ({row.low:.0f} to {row.high:.0f})",
        f"{row.adjusted:.0f} ({row.adjusted_low:.0f} to {row.adjusted_high:.0f})",
    )


def _share(effect: Effect) -> str:
    return f"{effect.share:.0%} ({effect.low:.0%} to {effect.high:.0%})"
