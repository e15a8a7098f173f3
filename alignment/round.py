"""`python -m alignment.round DIR`: run or resume the round of DIR/spec.json.

Exit codes: 0 done; 2 the spec or the data cannot be used; 143 stopped by SIGTERM (run again to continue); 1 any other failure. After 0 the
decision is in DIR/gate/decision.json, or in DIR/reward/decision.json where a reward model alone was trained. After 1 and 2 the reason is in
DIR/failure.json.
"""

import os
import sys
from pathlib import Path

from alignment.contract.durations import training_threads as all_but_one
from alignment.contract.outcome import FAILURE_FILE
from alignment.contract.requirements import refuse_lacking
from alignment.contract.sampling import limits_of
from alignment.contract.snapshot import read_snapshot
from alignment.contract.spec import RoundSpec, read_spec
from alignment.process_exit import QUIET, REFUSED, exit_code
from alignment.stop_signal import StopSignal

NICENESS = 10


def main(arguments: list[str]) -> int:
    """Run the round in the folder that the only argument names. Returns the exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m alignment.round DIR, where DIR holds spec.json", file=sys.stderr)
        return REFUSED
    folder = Path(arguments[0]).resolve()
    (folder / FAILURE_FILE).unlink(missing_ok=True)
    return exit_code(lambda: run_round(folder), folder / FAILURE_FILE)


def run_round(folder: Path) -> None:
    """Raises Interrupted, RoundRefused, or the error that ended the round."""
    stop = StopSignal()
    stop.listen()
    os.nice(max(0, NICENESS - os.nice(0)))  # ranking and chat have priority
    os.environ.update(QUIET)
    spec = read_spec(folder)
    if spec.method == "reward":
        _run_reward(folder, spec, stop)
    else:
        _run_policy(folder, spec, stop)


def _run_policy(folder: Path, spec: RoundSpec, stop: StopSignal) -> None:
    snapshot = read_snapshot(spec.snapshot_dir, limits_of(spec.config))
    refuse_lacking(spec, snapshot)
    threads = _begin(spec)
    from alignment.stages import run_stages

    run_stages(folder, spec, snapshot, threads, stop)


def _run_reward(folder: Path, spec: RoundSpec, stop: StopSignal) -> None:
    _begin(spec)
    from alignment.methods.reward import run_reward_round

    run_reward_round(folder, spec, stop)


def _begin(spec: RoundSpec) -> int:
    """Set the number of torch's threads and return it. torch and the stages are imported late: the libraries read the environment at import,
    and a round that is refused needs none of them."""
    import torch

    threads = training_threads(spec)
    torch.set_num_threads(threads)
    return threads


def training_threads(spec: RoundSpec) -> int:
    """`spec.threads`, or all cores but one, but at least one."""
    return spec.threads or all_but_one()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
