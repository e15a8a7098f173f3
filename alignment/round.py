"""`python -m alignment.round DIR`: run or resume the round whose `spec.json` lies in DIR.

Exit codes: 0 done (the decision is in DIR/gate/decision.json, of a reward model in DIR/reward/decision.json), 2 the spec or the data cannot be used, 143 stopped by
SIGTERM (run again to go on), 1 anything else. On 1 and 2 the reason is in DIR/failure.json.
"""

import os
import sys
from pathlib import Path

from alignment.contract.durations import training_threads as all_but_one
from alignment.contract.outcome import FAILURE_FILE
from alignment.contract.requirements import refuse_lacking
from alignment.contract.snapshot import read_snapshot
from alignment.contract.spec import RoundSpec, read_spec
from alignment.process_exit import QUIET, REFUSED, exit_code
from alignment.stop_signal import StopSignal

NICENESS = 10


def main(arguments: list[str]) -> int:
    """Run the round in the folder named by the only argument; returns the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m alignment.round DIR, where DIR holds spec.json", file=sys.stderr)
        return REFUSED
    folder = Path(arguments[0]).resolve()
    (folder / FAILURE_FILE).unlink(missing_ok=True)
    return exit_code(lambda: run_round(folder), folder / FAILURE_FILE)


def run_round(folder: Path) -> None:
    """Raises Interrupted, RoundRefused, or whatever went wrong."""
    stop = StopSignal()
    stop.listen()
    os.nice(max(0, NICENESS - os.nice(0)))  # ranking and chat come first
    os.environ.update(QUIET)
    spec = read_spec(folder)
    if spec.method == "reward":
        _run_reward(folder, spec, stop)
    else:
        _run_policy(folder, spec, stop)


def _run_policy(folder: Path, spec: RoundSpec, stop: StopSignal) -> None:
    snapshot = read_snapshot(spec.snapshot_dir)
    refuse_lacking(spec, snapshot)
    threads = _begin(spec)
    from alignment.stages import run_stages

    run_stages(folder, spec, snapshot, threads, stop)


def _run_reward(folder: Path, spec: RoundSpec, stop: StopSignal) -> None:
    _begin(spec)
    from alignment.methods.reward import run_reward_round

    run_reward_round(folder, spec, stop)


def _begin(spec: RoundSpec) -> int:
    """Set torch's threads and give their number. It is imported this late, as are the stages: the libraries read the
    settings above when they are imported, and a refusal needs none of them."""
    import torch

    threads = training_threads(spec)
    torch.set_num_threads(threads)
    return threads


def training_threads(spec: RoundSpec) -> int:
    """`spec.threads`, or all cores but one, at least one."""
    return spec.threads or all_but_one()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
