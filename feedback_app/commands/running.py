"""What every command needs: the built app, and errors as one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.round import InvalidRound
from feedback_app.domain.snapshot import BrokenSnapshot
from feedback_app.engines.base import EngineUnavailable
from feedback_app.main import build
from feedback_app.services.bundle import Services
from feedback_app.services.chat import Busy
from feedback_app.services.data import CannotIgnore, FileTooLarge, ImportRefused, UnknownFormat
from feedback_app.services.generation import GenerationFailed
from feedback_app.settings import Settings, load_settings
from feedback_app.up import with_embedded

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

WRONG_USE = (
    InvalidPrompt,
    InvalidRound,
    UnknownFormat,
    CannotIgnore,
    FileTooLarge,
    LookupError,
    ValidationError,
)
FAILED = (
    BrokenSnapshot,
    EngineUnavailable,
    GenerationFailed,
    ImportRefused,
    Busy,
    OperationalError,
    OSError,
    RuntimeError,
)


@contextmanager
def told() -> Iterator[None]:
    """Errors become one line on stderr and an exit code: 2 for wrong use, 1 for failure."""
    try:
        yield
    except typer.Exit:  # a RuntimeError to Python, an exit code to us
        raise
    except WRONG_USE as error:
        err.print(f"codelynn: {_line(error)}")
        raise typer.Exit(2) from error
    except FAILED as error:
        err.print(f"codelynn: {_line(error)}")
        raise typer.Exit(1) from error


def _line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"CODELYNN_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}"
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error).splitlines()[0]


def settings_in_force() -> Settings:
    """The settings, with the addresses of the embedded parts where they run."""
    return with_embedded(load_settings())


@contextmanager
def opened() -> Iterator[Services]:
    """The services on the settings in force; closed afterwards."""
    built = build(settings_in_force())
    try:
        yield built.services
    finally:
        built.close()
