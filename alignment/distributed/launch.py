"""The training of a round's model, in this process or in several, one per GPU.

With several this process trains nothing itself: it starts them (`rank.py`), hands on what the first one tells, and sees to it
that none is left, however it ends. So it can always be cancelled, also while they wait for one that died.
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
from alignment.distributed.worker import ADAPTER, FACTS_FILE, TOLD_FILE
from alignment.methods.training import training_of
from alignment.methods.trl_common import forget_incomplete
from alignment.process_exit import REFUSED, STOPPED
from alignment.stop_signal import Interrupted

Process = subprocess.Popen[bytes]
TICK = 0.1
GRACE = 25.0
"""Seconds to save the state after SIGTERM; the worker gives us 30."""


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
    """As many as are asked for, by default one per GPU, but never so many that the shares of an optimiser step differ. Raises
    RoundRefused where there are fewer GPUs."""
    if 0 < gpus < spec.processes:
        raise RoundRefused(
            f"CODELYNN_TRAIN_PROCESSES is {spec.processes} and there are {gpus} GPUs: each process needs one"
        )
    divided = training_of(spec.method).batch(spec.policy, snapshot)
    return micro_batch(divided, spec.processes or max(1, gpus))


def copies_in_memory(spec: RoundSpec, snapshot: Snapshot) -> int:
    """How many times main memory will hold the training: what is on GPUs has memory of its own. Raises RoundRefused."""
    gpus = torch.cuda.device_count()
    count = process_count(spec, snapshot, gpus)
    return 1 if gpus else count


def _run(context: RoundContext, job: Path, folder: Path, count: int) -> None:
    """All ranks, to their end."""
    torch.cuda.empty_cache()  # what an earlier stage left there; without a GPU this does nothing
    told, ranks = _Tail(job / TOLD_FILE), list[Process]()
    context.events.emit(context.training, 0, 1, message=f"Starting {count} processes", fraction=0.0)
    try:
        for rank in range(count):
            ranks.append(_start(job, folder, rank, count, context.repeat))
        codes = _watch(ranks, told, context.events)
    except Interrupted:
        _ask_to_end(ranks)
        raise
    finally:
        for process in ranks:
            process.kill()
            process.wait()
        told.hand_on(context.events)
    if any(codes):
        raise failure(job, codes)


def _start(job: Path, folder: Path, rank: int, count: int, repeat: int) -> Process:
    """In our process group, so that whoever ends that ends them too; and each ends once its standard input is closed."""
    given = [str(job), str(folder), str(rank), str(count), str(repeat)]
    return subprocess.Popen(
        [sys.executable, "-m", "alignment.distributed.worker", *given], stdin=subprocess.PIPE
    )


def _watch(ranks: Sequence[Process], told: "_Tail", events: Events) -> list[int | None]:
    """Wait until all are done, or one has failed; their exit codes, None for one that still runs."""
    while True:
        told.hand_on(events)
        codes = [process.poll() for process in ranks]
        if all(code == 0 for code in codes):
            return codes
        if any(codes):
            return [process.poll() for process in ranks]  # one may have ended first and been asked before
        time.sleep(TICK)


def _ask_to_end(ranks: Sequence[Process]) -> None:
    for process in ranks:
        process.terminate()
    deadline = time.monotonic() + GRACE
    while any(process.poll() is None for process in ranks) and time.monotonic() < deadline:
        time.sleep(TICK)


def failure(job: Path, codes: Sequence[int | None]) -> Exception:
    """Why training ended. Where one rank fails the others lose it and fail too: what happened first counts."""
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


class _Tail:
    """Hands on what the first rank tells, each event once; a line that is still being written waits for its end."""

    def __init__(self, file: Path) -> None:
        file.touch()
        self._file = file.open(encoding="utf-8")
        self._rest = ""

    def hand_on(self, events: Events) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            events.emit(**json.loads(line))
