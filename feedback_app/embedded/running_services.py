"""The addresses of the running parts, stored in HOME for other commands, and the lock of a HOME.

The files are `run/services.json` (`codelynn up`), `run/service.json` (the service) and `run/label-studio.json`.
"""

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
    """Another `codelynn up` runs on this HOME. The message says which."""


def services_file(root: Path) -> Path:
    return root / "run" / "services.json"


def read_services(root: Path) -> Addresses | None:
    """The addresses of the parts that `codelynn up` runs on that HOME; None if it does not run."""
    try:
        stored = json.loads(services_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Addresses(**stored["addresses"]) if _alive(int(stored["pid"])) else None


def with_embedded(settings: Settings) -> Settings:
    """The settings with the addresses of the embedded parts that run on this HOME."""
    running = read_services(settings.root)
    addresses = asdict(running) if running else {}
    filled = {name: value for name, value in addresses.items() if not getattr(settings, name, True)}
    if not settings.label_studio_url:  # its token is for no other address
        filled |= read_label_studio(settings.root)
    return settings.model_copy(update=filled)


def label_studio_file(root: Path) -> Path:
    return root / "run" / "label-studio.json"


def read_label_studio(root: Path) -> dict[str, str]:
    """The settings for the Label Studio that runs on that HOME; empty if none runs."""
    try:
        stored = json.loads(label_studio_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(stored["addresses"]) if _alive(int(stored["pid"])) else {}


def write_label_studio(root: Path, url: str, token: str) -> None:
    """Readable by its owner only."""
    addresses = {"label_studio_url": url, "label_studio_token": token}
    content = {"pid": os.getpid(), "addresses": addresses}
    write_private(label_studio_file(root), json.dumps(content, indent=1) + "\n")


def write_services(root: Path, addresses: Addresses) -> None:
    """Store the addresses, readable by their owner only because they contain passwords."""
    content = {"pid": os.getpid(), "addresses": asdict(addresses)}
    write_private(services_file(root), json.dumps(content, indent=1) + "\n")


def service_file(root: Path) -> Path:
    return root / "run" / "service.json"


@contextmanager
def announced_service(root: Path, address: str) -> Iterator[None]:
    """Store this service's address for commands on that HOME until the block ends."""
    content = {"pid": os.getpid(), "address": address}
    write_private(service_file(root), json.dumps(content, indent=1) + "\n")
    try:
        yield
    finally:
        if _stored_service(root).get("pid") == os.getpid():
            service_file(root).unlink(missing_ok=True)


def read_service(root: Path) -> str:
    """The address of the service that runs on that HOME; empty if none runs. It may not answer yet."""
    stored = _stored_service(root)
    return str(stored["address"]) if stored and _alive(int(stored["pid"])) else ""


def _stored_service(root: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(service_file(root).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


@contextmanager
def sole_owner(root: Path, patience: float = 30.0) -> Iterator[int]:
    """Lock HOME for this process; yields the descriptor of the lock for the leashes to hold too.

    Waits for the children of a killed supervisor, which end by themselves. Raises AlreadyRunning.
    """
    path = root / "run" / "up.lock"
    try:
        with shared_with_children(path, patience, lambda: _alive(_owner(path))) as handle:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield handle
            services_file(root).unlink(missing_ok=True)
    except Held:
        raise _already_running(root, _owner(path)) from None


def _owner(lock: Path) -> int:
    """The process id of the supervisor that holds or last held the lock; 0 before it is written."""
    return int(lock.read_text(encoding="ascii") or "0")


def _already_running(root: Path, owner: int) -> AlreadyRunning:
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
