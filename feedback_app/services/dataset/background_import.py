"""An import in the background: one thread works, others look how far it is and may end it."""

import threading
from collections.abc import Callable

from feedback_app.services.dataset.import_progress import Cancelled, Progress, Watch
from feedback_app.services.dataset.imports import ImportReport


class Import:
    """`run` takes the file in. A service that stops meanwhile stores nothing of it."""

    def __init__(self, run: Callable[[Watch], ImportReport]) -> None:
        self._run = run
        self._stop = threading.Event()
        self._report: ImportReport | None = None
        self._error: Exception | None = None
        self.progress = Progress()
        self.done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name="import", daemon=True).start()

    def cancel(self) -> None:
        """End it; where all is stored already, it stays."""
        self._stop.set()

    def report(self) -> ImportReport:
        """How it went, once it is `done`. Raises Cancelled, and what `run` raised."""
        if self._error is not None:
            raise self._error
        assert self._report is not None
        return self._report

    def _watch(self, progress: Progress) -> None:
        if self._stop.is_set():
            raise Cancelled("the import was cancelled")
        self.progress = progress

    def _work(self) -> None:
        try:
            self._report = self._run(self._watch)
        except Exception as error:  # noqa: BLE001 - raised again where the report is asked for
            self._error = error
        finally:
            self.done.set()
