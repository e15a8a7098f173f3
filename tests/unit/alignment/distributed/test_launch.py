"""How many processes train a round, and why they ended."""

import os
from pathlib import Path

import pytest

from alignment.contract.errors import RoundRefused
from alignment.contract.files import write_json
from alignment.distributed.group import ProcessGroup
from alignment.distributed.launch import TrainingFailed, failure, process_count
from alignment.process_exit import FAILED, REFUSED, STOPPED
from alignment.stop_signal import Interrupted
from tests.unit.alignment.contract.test_requirements import FULL, spec


@pytest.mark.parametrize(
    ("method", "config", "asked", "gpus", "count"),
    [
        ("dpo", {"batch_size": 8}, 0, 0, 1),
        ("dpo", {"batch_size": 8}, 0, 1, 1),
        ("dpo", {"batch_size": 8}, 0, 2, 2),
        ("dpo", {"batch_size": 8}, 0, 6, 4),  # as many as get the same share
        ("dpo", {"batch_size": 8}, 1, 4, 1),
        ("dpo", {"batch_size": 8}, 2, 0, 2),  # on a CPU
        ("kto", {"batch_size": 8}, 0, 8, 4),  # the KL is estimated from two replies at least
        ("ppo", {"rollout_size": 24, "minibatches": 2}, 0, 8, 6),
        ("rloo", {}, 0, 16, 16),
        ("sft", {"batch_size": 3}, 0, 2, 1),
    ],
)
def test_a_step_is_shared_evenly_by_as_many_as_there_are(
    method: str, config: dict[str, int], asked: int, gpus: int, count: int
) -> None:
    assert process_count(spec(method, config, processes=asked), FULL, gpus) == count


def test_more_processes_than_gpus_are_refused() -> None:
    with pytest.raises(RoundRefused, match="is 4 and there are 2 GPUs"):
        process_count(spec(processes=4), FULL, 2)


def test_alone_nothing_is_sent_and_everything_is_ones_own() -> None:
    alone = ProcessGroup()
    assert alone.share([1, 2, 3]) == [1, 2, 3]
    assert alone.summed({"loss": 0.1}) == {"loss": 0.1}
    assert alone.any(True)
    assert not alone.any(False)


def failed(folder: Path, *reasons: str) -> None:
    """Reasons of ranks, the first rank's last."""
    for rank, reason in enumerate(reasons):
        file = folder / f"failure-{rank}.json"
        write_json(file, {"reason": reason})
        os.utime(file, (1000 - rank, 1000 - rank))


def test_the_reason_is_what_went_wrong_first(tmp_path: Path) -> None:
    failed(tmp_path, "RuntimeError: see trainer.log", "the loss is not a number any more")
    found = failure(tmp_path, [FAILED, FAILED])
    assert isinstance(found, TrainingFailed)
    assert str(found) == "the loss is not a number any more"


def test_a_killed_process_is_the_reason_whatever_the_others_then_say(tmp_path: Path) -> None:
    failed(tmp_path, "RuntimeError: see trainer.log")
    assert "training process 2 of 2 was killed (signal 9)" in str(failure(tmp_path, [FAILED, -9]))


def test_what_is_refused_and_what_was_stopped_stay_so(tmp_path: Path) -> None:
    failed(tmp_path, "RuntimeError: see trainer.log", "no prompt fits")
    assert isinstance(failure(tmp_path, [None, REFUSED]), RoundRefused)
    assert isinstance(failure(tmp_path, [STOPPED, FAILED]), Interrupted)


def test_an_end_without_a_reason_points_to_the_log(tmp_path: Path) -> None:
    assert "see trainer.log" in str(failure(tmp_path, [FAILED, None]))
