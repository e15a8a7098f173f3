"""What may stand on the command line, checked before any command sees it."""

from collections.abc import Sequence
from pathlib import Path

from feedback_app.domain.text_rules import text_fault


def unfit_argument(arguments: Sequence[str]) -> str | None:
    """What is wrong with the first argument that no text may be; None where nothing is. Python spells bytes that are not UTF-8 as
    half surrogate pairs. The name of a file that is there may hold such bytes."""
    for number, argument in enumerate(arguments, start=1):
        if text_fault(argument) and not Path(argument).exists():
            return f"argument {number} holds bytes that are not UTF-8"
    return None
