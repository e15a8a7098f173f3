"""How many CPU threads a small model is fastest with.

More is not always faster: with the default model on two AMD cores (oneDNN kernels) one thread wrote 39 tokens per
second and two wrote 21, whatever the OpenMP settings; where MKL is used the second core helps. So it is measured.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic

import ctranslate2

WORTH_MEASURING = 2 * 1024**3
"""Bytes of `model.bin` from which each step is so long that threads always pay."""
SECONDS = 0.5
GAIN = 1.1
"""More threads must be this much faster: the cores they leave idle serve others."""


def usable_cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def best_threads(
    folder: Path, open_with: Callable[[int], ctranslate2.Generator], prompt: Sequence[str]
) -> int:
    """Threads for the model in `folder`, measured for half a second each with one, half and all of the cores."""
    cores = usable_cores()
    if cores == 1 or (folder / "model.bin").stat().st_size >= WORTH_MEASURING:
        return cores
    choices = sorted({1, max(1, cores // 2), cores})
    return fewest_worth_it({threads: _tokens_per_second(open_with(threads), prompt) for threads in choices})


def fewest_worth_it(speeds: Mapping[int, float]) -> int:
    """The fewest threads that no greater number beats by GAIN."""
    chosen = min(speeds)
    for threads in sorted(speeds):
        if speeds[threads] >= speeds[chosen] * GAIN:
            chosen = threads
    return chosen


def _tokens_per_second(generator: ctranslate2.Generator, prompt: Sequence[str]) -> float:
    """Speed of writing after the first token, which pays for reading the prompt."""
    times: list[float] = []

    def on_token(step: object) -> bool:
        times.append(monotonic())
        return times[-1] - times[0] > SECONDS

    generator.generate_batch(
        [list(prompt)], max_length=64, min_length=64, include_prompt_in_result=False, callback=on_token
    )
    return (len(times) - 1) / max(times[-1] - times[0], 1e-9)
