"""The cost of best-of-n sampling: `python -m benchmarks.best_of --base FOLDER`.

FOLDER is a prepared base model (`models/NAME/hf` under CODELYNN_HOME). An untrained reward model of its size is written,
loaded as the service does at first use, and scores four replies to a short prompt. Prints Markdown: seconds of processor time,
which other work on the machine does not change, and on the clock, which it does.
"""

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from reward_model.config import RewardConfig
from reward_model.rankings import Messages
from reward_model.style import style_features

T = TypeVar("T")
SENTENCE = "I would take a walk first, and then cook something warm that needs no thought. "
PROMPT: Messages = (
    {"role": "system", "content": "You are Lynn, a friendly companion who answers in a few sentences."},
    {"role": "user", "content": "What should I do with a free evening?"},
)
REPLIES = [f"{opening} {SENTENCE * 4}" for opening in ("Well,", "Hm.", "Honestly,", "Oh!")]


class Seconds(NamedTuple):
    processor: float
    clock: float


def timed(do: Callable[[], T]) -> tuple[T, Seconds]:
    processor, clock = time.process_time(), time.monotonic()
    done = do()
    return done, Seconds(time.process_time() - processor, time.monotonic() - clock)


def write_untrained(base: Path, folder: Path) -> None:
    from safetensors.numpy import save_file

    from reward_model.fit import STYLE, write_temperature
    from reward_model.network import RewardNetwork

    RewardNetwork.fresh(base, RewardConfig()).save(folder, "base")
    save_file({"weights": np.zeros_like(style_features(""))}, folder / STYLE)
    write_temperature(folder, 1.0)


def memory() -> float:
    """Peak resident memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base", type=Path, required=True)
    options.add_argument("--repeats", type=int, default=5)
    given = options.parse_args()
    folder = Path(tempfile.mkdtemp()) / "reward"
    writing = multiprocessing.get_context("spawn").Process(target=write_untrained, args=(given.base, folder))
    writing.start()  # in a process of its own: what it imports and holds does not count
    writing.join()
    load_reward, importing = timed(_importer)
    reward, loading = timed(lambda: load_reward(given.base, folder))
    items = [(PROMPT, reply) for reply in REPLIES]
    times = [timed(lambda: reward.score(items))[1] for _ in range(given.repeats)]
    columns = ("importing", "loading", "scoring four replies, first", "median of the others")
    print(f"| seconds | {' | '.join(columns)} |\n|{' --- |' * 5}")
    for kind, index in (("processor", 0), ("clock", 1)):
        later = statistics.median(found[index] for found in times[1:])
        row = (importing[index], loading[index], times[0][index], later)
        print(f"| {kind} | {' | '.join(f'{seconds:.1f}' for seconds in row)} |")
    print(f"\nMemory at its highest: {memory():.1f} GB.")


def _importer() -> Callable[[Path, Path], object]:
    from reward_model.fit import load_reward

    return load_reward


if __name__ == "__main__":
    main()
