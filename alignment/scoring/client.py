"""Scores replies in a separate process (`__main__.py`), so that this process loads neither torch nor the model. Imports no torch.

The process starts when it is first needed. It ends when it is idle for a while, at `close`, and when this process ends. It
answers one request at a time, in the order in which they arrive. Long requests are sent in pieces, so that others can run in between.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from alignment.contract.manifests.reward import CorruptReward
from alignment.scoring import frames

Messages = Sequence[dict[str, str]]
Item = tuple[Messages, str]
"""A prompt and one reply to it."""
Loaded = Callable[[str, float], None]
"""Called with the name of a reward model that was loaded and the seconds that loading took."""
COMMAND = (sys.executable, "-m", "alignment.scoring")
PIECE, LARGEST_PIECE = 16, 64
GRACE = 5.0
"""Seconds that an idle process has to end by itself."""
STOPPING = "codeLynn is stopping: try again when it runs"


class NotScored(RuntimeError):
    """Replies could not be scored. The message says what to do and quotes no text. `at`: places in the code."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at


class ScoringProcess:
    """Safe to use from any thread."""

    def __init__(
        self,
        idle_seconds: float,
        loaded: Loaded = lambda name, seconds: None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._loaded = loaded
        self._command = command
        self._turns = ThreadPoolExecutor(1, thread_name_prefix="scoring")  # asks in order, one at a time
        self._lock = Lock()  # for what follows
        self._child: _Child | None = None
        self._asked = 0
        self._rested = time.monotonic()
        self._timer: Timer | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process; None while there is none."""
        with self._lock:
            return self._child.pid if self._child is not None and self._child.runs() else None

    def open(self, base: Path, folder: Path) -> None:
        """Have the reward model in `folder` ready. Raises CorruptReward, NotScored."""
        self._ask(base, folder, ())

    def score(self, base: Path, folder: Path, items: Sequence[Item]) -> list[float]:
        """As `reward_model.fit.Reward.score`, with the reward model in `folder`. Raises CorruptReward, NotScored."""
        return [reward for piece in pieces(items) for reward in self._ask(base, folder, piece)]

    def close(self) -> None:
        """End the process; whoever waits for it gets NotScored."""
        with self._lock:
            self._closed = True
            child = self._child
            self._stop_timer()
            if child is not None:
                child.kill()
        self._turns.shutdown(cancel_futures=True)
        if child is not None:
            child.end()

    def _ask(self, base: Path, folder: Path, items: Sequence[Item]) -> list[float]:
        request = {"base": str(base), "folder": str(folder), "items": items}
        turn = self._begin(request)
        try:
            answer = turn.result()
        except CancelledError:
            raise NotScored(STOPPING) from None
        finally:
            self._finish()
        if "loaded" in answer:
            self._loaded(folder.name, answer["loaded"])
        return _rewards(answer, folder.name)

    def _begin(self, request: dict[str, Any]) -> "Future[dict[str, Any]]":
        with self._lock:
            if self._closed:
                raise NotScored(STOPPING)
            self._stop_timer()
            turn = self._turns.submit(self._answer, request)
            self._asked += 1
            return turn

    def _finish(self) -> None:
        with self._lock:
            self._asked -= 1
            if not self._asked and not self._closed:
                self._rested = time.monotonic()
                self._timer = Timer(self._idle_seconds, self._end_if_idle)
                self._timer.daemon = True
                self._timer.start()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        child = self._running()
        answer = child.ask(request)
        if answer is None:
            code = child.end()
            raise NotScored(STOPPING if self._closed else _lost(code))
        return answer

    def _running(self) -> "_Child":
        """The process; a new one where there is none, or it died since it was asked last."""
        with self._lock:
            if self._closed:
                raise NotScored(STOPPING)
            if self._child is not None and not self._child.runs():
                self._child.end()
                self._child = None
            if self._child is None:
                self._child = _Child(self._command)
            return self._child

    def _end_if_idle(self) -> None:
        with self._lock:
            rests = not self._asked and time.monotonic() - self._rested >= self._idle_seconds
            if rests and not self._closed and self._child is not None:
                self._child.end()
                self._child = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Child:
    """A running process of `scoring.py`. It is in our process group, so whoever ends that ends it too."""

    def __init__(self, command: Sequence[str]) -> None:
        """Raises NotScored."""
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise NotScored(
                f"the process that scores replies cannot be started ({error.strerror}): end other programs, then try again"
            ) from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def runs(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Its answer; None where it has ended, or does not answer as it should."""
        try:
            frames.send(self._to, request)
            return frames.receive(self._from)
        except (OSError, frames.BrokenFrame):
            return None

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> int:
        """Have it end, and wait for that; its return code, negative for a signal."""
        with suppress(OSError):  # what could not be sent to a process that died is sent once more here
            self._to.close()
        try:
            return self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._from.close()


def pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in order, some at a time. Replies to one prompt stay together where they are not too many: it is read once."""
    first = 0
    for end in range(1, len(items) + 1):
        size = end - first
        last = end == len(items)
        if last or size >= LARGEST_PIECE or (size >= PIECE and items[end][0] != items[end - 1][0]):
            yield items[first:end]
            first = end


def _rewards(answer: dict[str, Any], name: str) -> list[float]:
    """Raises CorruptReward, NotScored."""
    if "corrupt" in answer:
        raise CorruptReward(answer["corrupt"])
    if "error" in answer:
        raise NotScored(
            f"the reward model {name} could not score the replies ({answer['error']}): see the service's log",
            answer["at"],
        )
    rewards: list[float] = answer["rewards"]
    return rewards


def _lost(code: int) -> str:
    if code < 0:
        return f"the process that scores replies was killed (signal {-code}), most likely because memory ran out: try again"
    return f"the process that scores replies ended (exit code {code}): try again"
