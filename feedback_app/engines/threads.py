"""Measures with how many CPU threads a small model is fastest.

More threads are not always faster: with the default model on two AMD cores (oneDNN kernels), one thread generated 39 tokens
per second and two generated 21, with any OpenMP settings; with MKL the second core helps. So the number is measured.
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
"""From this size of `model.bin` (bytes) on, each step is so long that more threads always help."""
SECONDS = 0.5
GAIN = 1.1
"""More threads must be faster by this factor, because idle cores can do other work."""


def usable_cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def best_threads(
    folder: Path, open_with: Callable[[int], ctranslate2.Generator], prompt: Sequence[str], notes: Path
) -> int:
    """The best number of threads for the model in `folder`. One, half and all of the cores are measured for half a second
    each. The result is stored in the file `notes` for later starts on the same kind of machine; delete it to measure again."""
    cores = usable_cores()
    if cores == 1 or (folder / "model.bin").stat().st_size >= WORTH_MEASURING:
        return cores
    known, machine = _noted(notes), f"{cores} of {processor()}, CTranslate2 {ctranslate2.__version__}"
    if not 0 < known.get(machine, 0) <= cores:
        known[machine] = _measured(cores, open_with, prompt)
        _note(notes, known)
    return known[machine]


def processor() -> str:
    """The kind of processor, if the system names it."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    models = (
        line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")
    )
    return next(models, platform.machine())


def _noted(notes: Path) -> dict[str, int]:
    """Map machines to threads; empty if the file is missing or not valid."""
    try:
        stored = json.loads(notes.read_text(encoding="utf-8"))
        return {str(machine): int(threads) for machine, threads in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _note(notes: Path, known: Mapping[str, int]) -> None:
    """Store the results. If the folder is not writable, the next start measures again."""
    try:
        temporary = notes.with_name(f".{notes.name}.{os.getpid()}")
        temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        temporary.replace(notes)
    except OSError:
        return


def _measured(cores: int, open_with: Callable[[int], ctranslate2.Generator], prompt: Sequence[str]) -> int:
    choices = sorted({1, max(1, cores // 2), cores})
    return fewest_worth_it({threads: _tokens_per_second(open_with(threads), prompt) for threads in choices})


def fewest_worth_it(speeds: Mapping[int, float]) -> int:
    """The smallest number of threads that no larger number beats by GAIN."""
    chosen = min(speeds)
    for threads in sorted(speeds):
        if speeds[threads] >= speeds[chosen] * GAIN:
            chosen = threads
    return chosen


def _tokens_per_second(generator: ctranslate2.Generator, prompt: Sequence[str]) -> float:
    """The generation speed after the first token, which includes reading the prompt."""
    times: list[float] = []

    def on_token(step: object) -> bool:
        times.append(monotonic())
        return times[-1] - times[0] > SECONDS

    generator.generate_batch(
        [list(prompt)], max_length=64, min_length=64, include_prompt_in_result=False, callback=on_token
    )
    return (len(times) - 1) / max(times[-1] - times[0], 1e-9)
