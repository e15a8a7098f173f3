"""How many CPU threads a small model is fastest with.

More is not always faster: with the default model on two AMD cores (oneDNN kernels) one thread wrote 39 tokens per
second and two wrote 21, whatever the OpenMP settings; where MKL is used the second core helps. So it is measured.
"""

import json
import os
import platform
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
    folder: Path, open_with: Callable[[int], ctranslate2.Generator], prompt: Sequence[str], notes: Path
) -> int:
    """Threads for the model in `folder`, measured for half a second each with one, half and all of the cores. What was
    measured is kept in the file `notes`: the next start on such a machine asks that. Delete it to measure again."""
    cores = usable_cores()
    if cores == 1 or (folder / "model.bin").stat().st_size >= WORTH_MEASURING:
        return cores
    known, machine = _noted(notes), f"{cores} of {processor()}, CTranslate2 {ctranslate2.__version__}"
    if not 0 < known.get(machine, 0) <= cores:
        known[machine] = _measured(cores, open_with, prompt)
        _note(notes, known)
    return known[machine]


def processor() -> str:
    """The kind of processor, as far as the system tells."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name"))
    return next(named, platform.machine())


def _noted(notes: Path) -> dict[str, int]:
    """Threads by machine; nothing where the file is missing or is not ours."""
    try:
        told = json.loads(notes.read_text(encoding="utf-8"))
        return {str(machine): int(threads) for machine, threads in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _note(notes: Path, known: Mapping[str, int]) -> None:
    """A folder that cannot be written to only means that the next start measures again."""
    try:
        fresh = notes.with_name(f".{notes.name}.{os.getpid()}")
        fresh.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        fresh.replace(notes)
    except OSError:
        return


def _measured(cores: int, open_with: Callable[[int], ctranslate2.Generator], prompt: Sequence[str]) -> int:
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
