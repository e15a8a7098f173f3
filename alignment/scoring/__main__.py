"""`python -m alignment.scoring`: scores replies with trained reward models for the process that started it (`scoring_process.py`).

A request is `{"base": folder, "folder": folder, "items": [[messages, reply], …]}`. Its answer is `{"rewards": [number, …]}`, with
`"loaded": seconds` where the model was loaded for it; or `{"corrupt": reason}`; or `{"error": type, "at": places in the code}`.
Both go over standard input and output (`frames.py`). What libraries print goes to standard error.

It ends with its owner, whose end it sees on its standard input, also in the middle of a request. A signal for the whole
process group (Ctrl-C, a service that is stopped) is the owner's to answer: its last requests may still need us.
"""

import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from alignment.contract.manifests.reward import CorruptReward, read_reward
from alignment.process_exit import QUIET
from alignment.scoring import frames

if TYPE_CHECKING:
    from reward_model.fit import Reward

OWNER_GONE, BROKEN_PIPE = 0, 1


class Scorer:
    """Keeps one reward model in memory: each holds the whole base model."""

    def __init__(self) -> None:
        self._name: tuple[str, str] | None = None
        self._reward: Reward | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Every failure is an answer, and none of them quotes a text."""
        try:
            began = time.monotonic()
            reward, fresh = self._opened(request["base"], request["folder"])
            loaded = {"loaded": round(time.monotonic() - began, 1)} if fresh else {}
            items = [(tuple(messages), reply) for messages, reply in request["items"]]
            return {"rewards": reward.score(items), **loaded}
        except CorruptReward as error:
            return {"corrupt": str(error)}
        except Exception as error:  # noqa: BLE001 - the last line: the owner gets an answer, whatever happens
            return {"error": type(error).__name__, "at": places(error)}

    def _opened(self, base: str, folder: str) -> tuple["Reward", bool]:
        """The model, and whether it was loaded just now. Raises CorruptReward."""
        if self._reward is not None and self._name == (base, folder):
            return self._reward, False
        self._name = self._reward = None  # freed before the next one comes
        self._reward, self._name = load(Path(base), Path(folder)), (base, folder)
        return self._reward, True


def load(base: Path, folder: Path) -> "Reward":
    """Raises CorruptReward."""
    from reward_model.fit import load_reward

    read_reward(folder)
    try:
        return load_reward(base, folder)
    except (OSError, ValueError, KeyError):
        raise CorruptReward(
            f"the reward model {folder.name} cannot be loaded: train it again: codelynn reward train"
        ) from None


def places(error: Exception) -> str:
    """The places of an error: a traceback without lines of code and without the message, which may quote a text."""
    frames_of_error = traceback.extract_tb(error.__traceback__)
    return ", ".join(f"{Path(place.filename).name}:{place.lineno}" for place in frames_of_error)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    requests, answers = own_pipes()
    asked = SimpleQueue[dict[str, Any]]()
    threading.Thread(target=_read, args=(requests, asked), daemon=True).start()
    os.environ.update(QUIET)  # before torch and transformers are imported
    scorer = Scorer()
    while True:
        answer = scorer.answer(asked.get())
        try:
            frames.send(answers, answer)
        except OSError:
            os._exit(OWNER_GONE)


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our owner's pipes, out of reach of libraries that read or print."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _read(requests: BinaryIO, asked: "SimpleQueue[dict[str, Any]]") -> None:
    try:
        while (request := frames.receive(requests)) is not None:
            asked.put(request)
    except (OSError, frames.BrokenFrame):
        os._exit(BROKEN_PIPE)
    os._exit(OWNER_GONE)


if __name__ == "__main__":
    main()
