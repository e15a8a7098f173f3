"""`codelynn leaderboard`."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from feedback_app.commands.common import out, reported_errors
from feedback_app.domain.pairwise_outcomes import ENOUGH


def leaderboard(
    mine: Annotated[bool, typer.Option("--mine", help="Count only the owner's rankings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the leaderboard: Bradley-Terry scores with 95 % intervals, also adjusted for length and side."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            board = service.get("/leaderboard/board", annotator="owner" if mine else "")
        if as_json:
            sys.stdout.write(json.dumps(board) + "\n")
        elif board["standings"]:
            _print(board)
        else:
            out.print(
                "no two versions were compared yet: rank replies in the arena after a round is promoted"
            )


def _print(board: dict[str, Any]) -> None:
    table = Table("version", "score", "adjusted", "won", "votes")
    for row in board["standings"]:
        won = f"{row['wins'] / row['votes']:.0%}"
        table.add_row(row["model"], *_scores(row), won, f"{row['votes']:,}")
    out.print(table)
    if board["enough"] and board["length"] and board["side"]:
        out.print(f"twice as long wins {_share(board['length'])}; the left wins {_share(board['side'])}")


def _scores(row: dict[str, Any]) -> tuple[str, str]:
    if not row["enough"]:
        return f"{row['votes']} of {ENOUGH} votes", ""
    return (
        f"{row['score']:.0f} ({row['low']:.0f} to {row['high']:.0f})",
        f"{row['adjusted']:.0f} ({row['adjusted_low']:.0f} to {row['adjusted_high']:.0f})",
    )


def _share(effect: dict[str, float]) -> str:
    return f"{effect['share']:.0%} ({effect['low']:.0%} to {effect['high']:.0%})"
