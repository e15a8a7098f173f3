"""What every command needs: the settings, output and error reports. It imports little, so that mistakes are reported fast."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from feedback_app.errors import FAILED, AppError, Invalid

if TYPE_CHECKING:
    from pydantic import ValidationError

    from feedback_app.settings import Settings

PIPE_WIDTH = 200
"""Columns if the output is not a terminal: programs that read it want whole values."""
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False)


class WrongUse(Invalid, ValueError):
    """The command cannot be understood; the message says what to do."""


class CommandFailed(AppError, RuntimeError):
    """The command was understood but could not be carried out; the message says what to do."""


@contextmanager
def reported_errors() -> Iterator[None]:
    """Report an error as one line on stderr and end with its exit code: 2 for wrong use, 1 for failure."""
    try:
        yield
    except AppError as error:
        complain(one_line(error))
        raise typer.Exit(error.exit_code) from error
    except OSError as error:
        complain(one_line(error))
        raise typer.Exit(FAILED) from error


def complain(text: str) -> None:
    """Print one line on stderr, without wrapping."""
    err.print(f"codelynn: {text}", markup=False, soft_wrap=True)


def one_line(error: Exception) -> str:
    """The error message in one line."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    return (str(error).splitlines() or [type(error).__name__])[0]


def configured() -> "Settings":
    """The settings of the environment. Raises WrongUse."""
    from pydantic import ValidationError

    from feedback_app.settings import load_settings

    try:
        return load_settings()
    except ValidationError as error:
        raise WrongUse(_setting(error)) from error


def _setting(error: "ValidationError") -> str:
    first = error.errors()[0]
    return f"CODELYNN_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}"


def settings_in_force() -> "Settings":
    """The settings, with the addresses of the embedded parts that run. Raises WrongUse."""
    from feedback_app.embedded.running_services import with_embedded

    return with_embedded(configured())


def moment(value: str | None) -> str:
    """A time of the API, in the local time zone."""
    return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M}" if value else ""


def duration(seconds: float) -> str:
    """A duration in its two largest units: `40 s`, `3 min 20 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def short(name: str) -> str:
    """An id as the pages show it."""
    return name[:8]
