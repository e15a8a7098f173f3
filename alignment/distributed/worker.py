"""`python -m alignment.distributed.worker JOB TRAINER RANK WORLD REPEAT`: one of the processes that train a model together.

`launch.py` starts them. JOB is a folder with the spec, into which the result is written. TRAINER is the folder of the method's resumable
state. REPEAT counts the trainings on fresh replies (0: the first training).

The exit codes are those of `process_exit.py`. A worker ends when its standard input is closed, so it never outlives its parent.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from alignment.process_exit import QUIET, STOPPED, exit_code
from alignment.stop_signal import StopSignal

EVENTS_FILE, FACTS_FILE, ADAPTER = "forwarded.jsonl", "facts.json", "adapter"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


class ForwardedEvents:
    """Writes events for the parent process, which alone writes those of the round."""

    def __init__(self, folder: Path, first: bool) -> None:
        """Only the first rank writes events."""
        self._file = (folder / EVENTS_FILE).open("a", encoding="utf-8") if first else None

    def emit(
        self,
        stage: str,
        step: int,
        total: int,
        metrics: Mapping[str, float] | None = None,
        message: str = "",
        fraction: float | None = None,
    ) -> None:
        """See `alignment.contract.events.EventLog.emit`."""
        if self._file is None:
            return
        event = {"stage": stage, "step": step, "total": total, "message": message, "fraction": fraction}
        self._file.write(json.dumps(event | {"metrics": dict(metrics or {})}) + "\n")
        self._file.flush()


def main(arguments: list[str]) -> int:
    """Train; returns the exit code. The reason of a failure is then in JOB/failure-RANK.json."""
    job, trainer = map(Path, arguments[:2])
    rank, world, repeat = map(int, arguments[2:])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stop = StopSignal()
    stop.listen()
    os.environ.update(QUIET | _place(rank, world))
    return exit_code(lambda: _train(job, trainer, (rank, world), repeat, stop), job / f"failure-{rank}.json")


def _train(job: Path, trainer: Path, place: tuple[int, int], repeat: int, stop: StopSignal) -> None:
    # Imported late, since the libraries read the environment at import.
    import torch

    from alignment.context import RoundContext
    from alignment.contract.files import write_json
    from alignment.contract.sampling import limits_of
    from alignment.contract.snapshot import read_snapshot
    from alignment.contract.spec import read_spec
    from alignment.distributed.group import join
    from alignment.methods.iterative_dpo import with_fresh
    from alignment.methods.training import training_of
    from alignment.models.adapter import save_adapter
    from alignment.models.loading import load_tokenizer

    spec = read_spec(job)
    torch.set_num_threads(spec.threads)
    ranks = join(*place, job / "meeting")
    snapshot = read_snapshot(spec.snapshot_dir, limits_of(spec.config))
    tokenizer = load_tokenizer(spec.base_dir)
    events = ForwardedEvents(job, ranks.first)
    context = RoundContext(job.parent, spec, snapshot, tokenizer, events, stop, spec.threads, ranks, repeat)
    trained = training_of(spec.method).train(with_fresh(context), trainer)
    if ranks.first:
        save_adapter(job / ADAPTER, trained.tensors, trained.config, spec.base_name)
        write_json(job / FACTS_FILE, trained.facts.record())
    ranks.wait()


def _place(rank: int, world: int) -> dict[str, str]:
    """The variables that accelerate, and thus TRL, reads. All traffic stays on the loopback device."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world),
        "GLOO_SOCKET_IFNAME": LOOPBACK,
        "NCCL_SOCKET_IFNAME": LOOPBACK,
    }


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(STOPPED)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # otherwise a process group that the others left could keep this process alive
