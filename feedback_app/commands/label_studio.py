"""`codelynn label-studio …`: up, status, push, pull. They synchronise Label Studio with the store, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from feedback_app.commands.common import (
    CommandFailed,
    complain,
    configured,
    err,
    out,
    reported_errors,
    settings_in_force,
)

if TYPE_CHECKING:
    from feedback_app.desks.label_studio import LabelStudioDesk
    from feedback_app.services.annotation.desks import DeskStatus
    from feedback_app.services.annotation.sync import DeskSync
    from feedback_app.store import Store

NAME = "label-studio"
PUSH_SECONDS = 2.0
"""How long one push takes at most, so that the progress is shown in between."""
app = typer.Typer(no_args_is_help=True)


@app.command()
def up() -> None:
    """Run Label Studio on this machine. It is installed if it is missing; Ctrl-C stops it."""
    with reported_errors():
        settings = configured()
        from feedback_app.embedded.label_studio import run_label_studio

        raise typer.Exit(run_label_studio(settings))


@app.command()
def status() -> None:
    """Show where Label Studio is, whether it answers, and how many comparisons wait for it."""
    with reported_errors(), _opened() as (store, desk):
        from feedback_app.commands.argilla import show_desk

        healthy = desk.health()
        address = settings_in_force().label_studio_url
        out.print(f"Label Studio: {address}, {'answers' if healthy else 'does not answer'}")
        show_desk(asdict(_status_of(store)))
        if not healthy:
            raise typer.Exit(1)


@app.command()
def push() -> None:
    """Fetch the rankings made in Label Studio, then send it every comparison. Running it again changes nothing."""
    with reported_errors(), _opened() as (store, desk):
        sync = _sync_of(store, desk)
        with sync.alone():
            total = _push_all(store, sync)
        refused = _status_of(store).refused
        out.print(f"{total - refused} comparisons are in Label Studio")
        if refused:
            complain(f"Label Studio refused {refused} comparisons, see the server's log")
            raise typer.Exit(1)


@app.command()
def pull() -> None:
    """Fetch the rankings made in Label Studio since the last time."""
    with reported_errors(), _opened() as (store, desk):
        sync = _sync_of(store, desk)
        with out.status("fetching rankings"), sync.alone():
            changed = sync.pull(at_once=True)
        out.print(f"{changed} rankings changed here")
        for problem in _status_of(store).problems:
            err.print(f"could not be used: {problem}", markup=False)


def _push_all(store: "Store", sync: "DeskSync") -> int:
    """Send all comparisons and show the progress. Returns how many there are."""
    from feedback_app.services.annotation.desks import Desks

    with out.status("fetching rankings"):
        sync.pull(at_once=True)
    total = Desks(store, (NAME,)).resend(NAME)
    with out.status(f"sending {total} comparisons") as line:
        while left := _status_of(store).left:
            line.update(f"{total - left} of {total} comparisons sent")
            sync.push(PUSH_SECONDS)
    return total


@contextmanager
def _opened() -> "Iterator[tuple[Store, LabelStudioDesk]]":
    """The store and Label Studio, closed afterwards. Raises CommandFailed where no Label Studio is set up."""
    from sqlalchemy.exc import OperationalError

    from feedback_app.desks.label_studio import label_studio_desk
    from feedback_app.store import open_store

    settings = settings_in_force()
    desk = label_studio_desk(settings)
    if desk is None:
        raise CommandFailed(
            "no Label Studio: start `codelynn label-studio up`, or set CODELYNN_LABEL_STUDIO_URL and CODELYNN_LABEL_STUDIO_TOKEN"
        )
    store = open_store(settings.database)
    try:
        yield store, desk
    except OperationalError as error:
        raise CommandFailed(
            "the database cannot be read: bring its tables up to date with `codelynn migrate`"
        ) from error
    finally:
        desk.close()
        store.close()


def _sync_of(store: "Store", desk: "LabelStudioDesk") -> "DeskSync":
    from feedback_app.desks.configured import desk_names
    from feedback_app.services.annotation.sync import DeskSync

    others = (name for name in desk_names(settings_in_force()) if name != NAME)
    return DeskSync(store, desk, tuple(others))


def _status_of(store: "Store") -> "DeskStatus":
    from feedback_app.services.annotation.desks import Desks

    return Desks(store, (NAME,)).status()[0]
