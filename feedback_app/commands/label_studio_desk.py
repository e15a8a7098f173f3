"""What `codelynn label-studio status|push|pull` do: they bring Label Studio and our store in step, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import typer
from sqlalchemy.exc import OperationalError

from feedback_app.commands.argilla import show
from feedback_app.commands.common import CommandFailed, err, out, settings_in_force
from feedback_app.desks.configured import desk_names
from feedback_app.desks.label_studio import LabelStudioDesk, label_studio_desk
from feedback_app.services.annotation.desks import Desks, DeskStatus
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.store import Store, open_store

NAME = LabelStudioDesk.name
A_TURN = 2.0  # seconds of pushing between two looks at the progress


def status() -> None:
    """Where Label Studio is, whether it answers, and what waits for it."""
    with at_desk() as (store, desk):
        settings = settings_in_force()
        healthy = desk.health()
        out.print(f"Label Studio: {settings.label_studio_url}, {'answers' if healthy else 'does not answer'}")
        show(asdict(status_of(store)))
        if not healthy:
            raise typer.Exit(1)


def push() -> None:
    """Bring every comparison to Label Studio, after fetching what was said there. Twice changes nothing."""
    with at_desk() as (store, desk):
        sync = sync_of(store, desk)
        with sync.alone():
            total = _push_all(store, sync)
        refused = status_of(store).refused
        out.print(f"{total - refused} comparisons are in Label Studio")
        if refused:
            err.print(f"codelynn: Label Studio refused {refused} comparisons, see the server's log")
            raise typer.Exit(1)


def _push_all(store: Store, sync: DeskSync) -> int:
    """How many comparisons there are to bring; all are brought, with progress."""
    with out.status("fetching what was said"):
        sync.pull(at_once=True)
    total = Desks(store, (NAME,)).resend(NAME)
    with out.status(f"bringing {total} comparisons") as line:
        while left := status_of(store).left:
            line.update(f"{total - left} of {total} comparisons brought")
            sync.push(A_TURN)
    return total


def pull() -> None:
    """Fetch what was said in Label Studio since the last time."""
    with at_desk() as (store, desk):
        sync = sync_of(store, desk)
        with out.status("fetching what was said"), sync.alone():
            taken = sync.pull(at_once=True)
        out.print(f"{taken} verdicts changed here")
        for problem in status_of(store).problems:
            err.print(f"could not be used: {problem}", markup=False)


@contextmanager
def at_desk() -> Iterator[tuple[Store, LabelStudioDesk]]:
    """Our store and the desk; closed afterwards. Raises CommandFailed where no Label Studio is set up."""
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


def sync_of(store: Store, desk: LabelStudioDesk) -> DeskSync:
    others = (name for name in desk_names(settings_in_force()) if name != NAME)
    return DeskSync(store, desk, tuple(others))


def status_of(store: Store) -> DeskStatus:
    return Desks(store, (NAME,)).status()[0]
