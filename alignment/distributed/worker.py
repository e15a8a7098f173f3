"""`python -m alignment.distributed.worker JOB TRAINER RANK WORLD REPEAT`: one of the processes that train a round's model together (`launch.py`
starts them). JOB holds the spec, and gets what comes of it; TRAINER is where the method keeps its resumable state;
REPEAT counts the trainings on fresh replies (0: the first training).

Exit codes are those of `ending.py`. It ends with the process that started it, whose end it sees on its standard input.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from alignment.process_exit import QUIET, STOPPED, exit_code
from alignment.stop_signal import StopSignal

TOLD_FILE, FACTS_FILE, ADAPTER = "told.jsonl", "facts.json", "adapter"
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


class Told:
    """Events for the process that started us, which alone writes the round's."""

    def __init__(self, folder: Path, first: bool) -> None:
        """Only the first rank tells."""
        self._file = (folder / TOLD_FILE).open("a", encoding="utf-8") if first else None

    def emit(
        self,
        stage: str,
        step: int,
        total: int,
        metrics: Mapping[str, float] | None = None,
        message: str = "",
        fraction: float | None = None,
    ) -> None:
        """As `events.EventLog.emit`."""
        if self._file is None:
            return
        event = {"stage": stage, "step": step, "total": total, "message": message, "fraction": fraction}
        self._file.write(json.dumps(event | {"metrics": dict(metrics or {})}) + "\n")
        self._file.flush()


def main(arguments: list[str]) -> int:
    """Train; returns the exit code. The reason of a failure is then in JOB/failure-RANK.json."""
    job, trainer = map(Path, arguments[:2])
    rank, world, repeat = map(int, arguments[2:])
    threading.Thread(target=_end_with_our_owner, daemon=True).start()
    stop = StopSignal()
    stop.listen()
    os.environ.update(QUIET | _place(rank, world))
    return exit_code(lambda: _train(job, trainer, (rank, world), repeat, stop), job / f"failure-{rank}.json")


def _train(job: Path, trainer: Path, place: tuple[int, int], repeat: int, stop: StopSignal) -> None:
    # Imported this late because the libraries read the environment when they are imported.
    import torch

    from alignment.context import RoundContext
    from alignment.contract.files import write_json
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
    snapshot, tokenizer = read_snapshot(spec.snapshot_dir), load_tokenizer(spec.base_dir)
    events = Told(job, ranks.first)
    context = RoundContext(job.parent, spec, snapshot, tokenizer, events, stop, spec.threads, ranks, repeat)
    trained = training_of(spec.method).train(with_fresh(context), trainer)
    if ranks.first:
        save_adapter(job / ADAPTER, trained.tensors, trained.config, spec.base_name)
        write_json(job / FACTS_FILE, trained.facts.record())
    ranks.wait()


def _place(rank: int, world: int) -> dict[str, str]:
    """What accelerate, and thus TRL's trainers, read; nothing is sent but over loopback."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world),
        "GLOO_SOCKET_IFNAME": LOOPBACK,
        "NCCL_SOCKET_IFNAME": LOOPBACK,
    }


def _end_with_our_owner() -> None:
    while os.read(0, 1):
        pass
    os._exit(STOPPED)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # a process group that others have left must not keep us from ending
