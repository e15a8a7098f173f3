"""The composition root of the workers: builds what every task needs, once per worker process."""

import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from feedback_app.desks.base import AnnotationDesk
from feedback_app.desks.configured import ReachableDesks
from feedback_app.embedded.running_services import with_embedded
from feedback_app.settings import Settings, load_settings
from feedback_app.store import Store, open_store

TRAINER = (sys.executable, "-m", "alignment.round")
VERIFIER = (sys.executable, "-m", "workers.verify")
HEARTBEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What every task needs. `trainer` and `verifier` are commands that take a folder as their last argument. `stopping` is set when the
    worker shuts down. `grace` is the time in seconds that a trainer has to save its state."""

    settings: Settings
    store: Store
    desks: Callable[[], Mapping[str, AnnotationDesk]]
    stopping: threading.Event
    worker: str
    trainer: tuple[str, ...] = TRAINER
    verifier: tuple[str, ...] = VERIFIER
    grace: float = 30.0

    @property
    def root(self) -> Path:
        return self.settings.root

    @property
    def heartbeat_seconds(self) -> float:
        return min(HEARTBEAT_SECONDS, self.settings.round_stale_seconds / 4)


@cache
def settings_in_force() -> Settings:
    """The settings, with the addresses of the embedded services where those run."""
    return with_embedded(load_settings())


@cache
def worker_context() -> WorkerContext:
    """Built at the first call."""
    settings = settings_in_force()
    return WorkerContext(
        settings=settings,
        store=open_store(settings.database),
        desks=ReachableDesks(lambda: with_embedded(load_settings())),
        stopping=threading.Event(),
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )
