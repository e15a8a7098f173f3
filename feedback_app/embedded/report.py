"""The progress output of `codelynn up`: bars and spinners on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

EVERY_SECONDS = 10.0


class Report:
    """Prints one line per event, and progress for what takes long."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str) -> None:
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    def done(self, name: str, seconds: float, detail: str = "") -> None:
        self.line(f"  {name} is ready after {seconds:.1f} s{f': {detail}' if detail else ''}")

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show a spinner on a terminal; elsewhere print the text once."""
        if not self._console.is_terminal:
            self.line(f"  {text}")
            yield
            return
        with self._console.status(escape(text)):
            yield

    @contextmanager
    def preparing(self) -> "Iterator[Preparation]":
        """Yield a callback that reports (current step, fraction done)."""
        columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        if not self._console.is_terminal:
            yield Preparation(self, None)
            return
        with Progress(*columns, console=self._console, transient=True) as bars:
            yield Preparation(self, bars)


class Preparation:
    """Shows (text, fraction) reports as a bar, or as a line when the text changes or every 10 seconds."""

    def __init__(self, report: Report, bars: Progress | None) -> None:
        self._report = report
        self._bars = bars
        self._task = bars.add_task("", total=1.0) if bars else None
        self._text = ""
        self._last = 0.0

    def __call__(self, text: str, fraction: float) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=escape(text), completed=fraction)
        elif text != self._text or time.monotonic() - self._last > EVERY_SECONDS:
            self._text, self._last = text, time.monotonic()
            self._report.line(f"  {text} ({fraction:.0%})")
