"""`run/services.json`, `run/service.json` and `run/label-studio.json`: where the running parts answer, for commands that
talk to them; and the lock of one HOME."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from feedback_app.embedded.plan import Addresses
from feedback_app.errors import AppError
from feedback_app.processes.local_files import write_private
from feedback_app.processes.lock import Held, shared_with_children
from feedback_app.settings import Settings


class AlreadyRunning(AppError, RuntimeError):
    """Another `codelynn up` runs on this HOME; the message says which."""


def services_file(root: Path) -> Path:
    return root / "run" / "services.json"


def read_services(root: Path) -> Addresses | None:
    """Addresses of what `codelynn up` runs on that HOME now; None if nothing does."""
    try:
        kept = json.loads(services_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Addresses(**kept["addresses"]) if _alive(int(kept["pid"])) else None


def with_embedded(settings: Settings) -> Settings:
    """The settings with the addresses of the embedded parts filled in, where they run on this HOME."""
    running = read_services(settings.root)
    found = asdict(running) if running else {}
    empty = {name: value for name, value in found.items() if not getattr(settings, name, True)}
    if not settings.label_studio_url:  # its token goes to no other address
        empty |= read_label_studio(settings.root)
    return settings.model_copy(update=empty)


def label_studio_file(root: Path) -> Path:
    return root / "run" / "label-studio.json"


def read_label_studio(root: Path) -> dict[str, str]:
    """The settings that reach what `codelynn label-studio up` runs on that HOME now; empty if nothing does."""
    try:
        kept = json.loads(label_studio_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(kept["addresses"]) if _alive(int(kept["pid"])) else {}


def write_label_studio(root: Path, url: str, token: str) -> None:
    """Readable by its owner only."""
    addresses = {"label_studio_url": url, "label_studio_token": token}
    content = {"pid": os.getpid(), "addresses": addresses}
    write_private(label_studio_file(root), json.dumps(content, indent=1) + "\n")


def write_services(root: Path, addresses: Addresses) -> None:
    """Readable by its owner only: the addresses hold passwords."""
    content = {"pid": os.getpid(), "addresses": asdict(addresses)}
    write_private(services_file(root), json.dumps(content, indent=1) + "\n")


def service_file(root: Path) -> Path:
    return root / "run" / "service.json"


@contextmanager
def service_told(root: Path, address: str) -> Iterator[None]:
    """While it lasts, commands on that HOME find this process's service at `address`."""
    content = {"pid": os.getpid(), "address": address}
    write_private(service_file(root), json.dumps(content, indent=1) + "\n")
    try:
        yield
    finally:
        if _kept_service(root).get("pid") == os.getpid():
            service_file(root).unlink(missing_ok=True)


def read_service(root: Path) -> str:
    """The address of the web service that runs on that HOME now; empty if none does. It may not answer yet."""
    kept = _kept_service(root)
    return str(kept["address"]) if kept and _alive(int(kept["pid"])) else ""


def _kept_service(root: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(service_file(root).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


@contextmanager
def sole_owner(root: Path, patience: float = 30.0) -> Iterator[int]:
    """Hold HOME for this process; yields the descriptor of the lock, for leashes to hold as well.

    Children of a supervisor that was killed are ending on their own: they are waited for. Raises AlreadyRunning.
    """
    path = root / "run" / "up.lock"
    try:
        with shared_with_children(path, patience, lambda: _alive(_owner(path))) as handle:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield handle
            services_file(root).unlink(missing_ok=True)
    except Held:
        raise _refusal(root, _owner(path)) from None


def _owner(lock: Path) -> int:
    """The supervisor that has the lock or had it last; 0 before it has written its number there."""
    return int(lock.read_text(encoding="ascii") or "0")


def _refusal(root: Path, owner: int) -> AlreadyRunning:
    running = read_services(root)
    where = f" at {running.service}" if running else ""
    return AlreadyRunning(
        f"codeLynn already runs on {root}{where} (process {owner}): stop it, or set CODELYNN_HOME and CODELYNN_PORT"
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
