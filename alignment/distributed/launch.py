"""Trains the model of a round in this process, or in several processes, one per GPU.

With several, this process does not train itself. It starts the others (`worker.py`), forwards the events of the first one, and ends all of
them whatever happens. It can therefore always be cancelled, also while they wait for one that died.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from peft import PeftConfig
from safetensors.torch import load_file

from alignment.checkpoints.registry import ADAPTER_FILES
from alignment.context import RoundContext, Trained
from alignment.contract.configs.policy import micro_batch
from alignment.contract.errors import RoundRefused
from alignment.contract.events import Events
from alignment.contract.files import fresh_dir, read_json
from alignment.contract.manifests.stage import TrainingFacts
from alignment.contract.outcome import read_failure
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec, write_spec
from alignment.distributed.worker import ADAPTER, EVENTS_FILE, FACTS_FILE
from alignment.methods.training import training_of
from alignment.methods.trl_common import forget_incomplete
from alignment.process_exit import REFUSED, STOPPED
from alignment.stop_signal import Interrupted

Process = subprocess.Popen[bytes]
TICK = 0.1
GRACE = 25.0
"""Seconds to save the state after SIGTERM; the Celery worker allows 30."""


class TrainingFailed(RuntimeError):
    """One of the processes that train together failed or was killed."""


def train_policy(context: RoundContext, folder: Path) -> Trained:
    """Train by the round's method, keeping resumable state in `folder`. Raises what the method raises, TrainingFailed."""
    gpus = torch.cuda.device_count()
    count = process_count(context.spec, context.snapshot, gpus)
    if count == 1 and gpus < 2:
        return training_of(context.spec.method).train(context, folder)
    folder.mkdir(parents=True, exist_ok=True)
    forget_incomplete(folder)
    job = fresh_dir(context.folder / "ranks")
    write_spec(job, replace(context.spec, threads=max(1, context.threads // count)))
    try:
        _run(context, job, folder, count)
        return _result(job, count)
    finally:
        shutil.rmtree(job, ignore_errors=True)


def process_count(spec: RoundSpec, snapshot: Snapshot, gpus: int) -> int:
    """The number of processes: `spec.processes`, by default one per GPU, lowered until an optimiser step can be shared evenly. Raises
    RoundRefused where there are fewer GPUs than processes."""
    if 0 < gpus < spec.processes:
        raise RoundRefused(
            f"CODELYNN_TRAIN_PROCESSES is {spec.processes} and there are {gpus} GPUs: each process needs one"
        )
    batch = training_of(spec.method).batch(spec.policy, snapshot)
    return micro_batch(batch, spec.processes or max(1, gpus))


def copies_in_memory(spec: RoundSpec, snapshot: Snapshot) -> int:
    """How many copies of the training main memory has to hold: one on GPUs, which have memory of their own. Raises RoundRefused."""
    gpus = torch.cuda.device_count()
    count = process_count(spec, snapshot, gpus)
    return 1 if gpus else count


def _run(context: RoundContext, job: Path, folder: Path, count: int) -> None:
    """Run all ranks to their end."""
    torch.cuda.empty_cache()  # what an earlier stage left there; without a GPU this does nothing
    forwarded, ranks = _EventForwarder(job / EVENTS_FILE), list[Process]()
    context.events.emit(context.training, 0, 1, message=f"Starting {count} processes", fraction=0.0)
    try:
        for rank in range(count):
            ranks.append(_start(job, folder, rank, count, context.repeat))
        codes = _watch(ranks, forwarded, context.events)
    except Interrupted:
        _ask_to_end(ranks)
        raise
    finally:
        for process in ranks:
            process.kill()
            process.wait()
        forwarded.forward(context.events)
    if any(codes):
        raise failure(job, codes)


def _start(job: Path, folder: Path, rank: int, count: int, repeat: int) -> Process:
    """Start a rank. It is in this process group, so that a signal to the group reaches it, and it ends when its standard input is closed."""
    arguments = [str(job), str(folder), str(rank), str(count), str(repeat)]
    return subprocess.Popen(
        [sys.executable, "-m", "alignment.distributed.worker", *arguments], stdin=subprocess.PIPE
    )


def _watch(ranks: Sequence[Process], forwarded: "_EventForwarder", events: Events) -> list[int | None]:
    """Wait until all are done or one has failed. Returns the exit codes, None for a rank that still runs."""
    while True:
        forwarded.forward(events)
        codes = [process.poll() for process in ranks]
        if all(code == 0 for code in codes):
            return codes
        if any(codes):
            return [process.poll() for process in ranks]  # another may have ended since it was polled
        time.sleep(TICK)


def _ask_to_end(ranks: Sequence[Process]) -> None:
    for process in ranks:
        process.terminate()
    deadline = time.monotonic() + GRACE
    while any(process.poll() is None for process in ranks) and time.monotonic() < deadline:
        time.sleep(TICK)


def failure(job: Path, codes: Sequence[int | None]) -> Exception:
    """Why training ended. When one rank fails the others fail too, so the first failure counts."""
    for rank, code in enumerate(codes):
        if code in (STOPPED, -signal.SIGTERM):
            return Interrupted()
        if code is not None and code < 0:
            return TrainingFailed(
                f"training process {rank + 1} of {len(codes)} was killed (signal {-code}), most likely because memory ran "
                "out: lower micro_batch_size or CODELYNN_TRAIN_PROCESSES, then resume the round"
            )
    failures = sorted(job.glob("failure-*.json"), key=lambda file: file.stat().st_mtime_ns)
    if not failures:
        return TrainingFailed("a training process ended unexpectedly: see trainer.log")
    reason = read_failure(failures[0])
    return RoundRefused(reason) if REFUSED in codes else TrainingFailed(reason)


def _result(job: Path, count: int) -> Trained:
    facts = TrainingFacts.from_record({**read_json(job / FACTS_FILE), "processes": count})
    config = PeftConfig.from_pretrained(str(job / ADAPTER))
    return Trained(load_file(job / ADAPTER / ADAPTER_FILES[0]), config, facts)


class _EventForwarder:
    """Forwards the events of the first rank, each once. A line that is still being written is forwarded later."""

    def __init__(self, file: Path) -> None:
        file.touch()
        self._file = file.open(encoding="utf-8")
        self._rest = ""

    def forward(self, events: Events) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            events.emit(**json.loads(line))
