"""Several processes that train one model: real ones, on the CPU, over gloo."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from alignment.distributed.group import ALONE
from tests.integration.alignment.distributed.learners import Tensors, learned
from tests.integration.alignment.methods.test_methods import checkpoint_of, ended
from tests.integration.alignment.rounds import (
    PROJECT,
    events,
    manifest,
    prepare_round,
    prepare_taught_round,
    start,
    write_snapshot,
)
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
]
WEIGHTS = "adapter_model.safetensors"


def learned_by_two(tiny: Path, folder: Path) -> list[Tensors]:
    """What each of two processes ends with."""
    files = [folder / f"{rank}.safetensors" for rank in range(2)]
    learner = [
        sys.executable,
        "-m",
        "tests.integration.alignment.distributed.learners",
        str(tiny),
        str(folder / "meeting"),
    ]
    running = [
        subprocess.Popen([*learner, str(rank), "2", str(file)], cwd=PROJECT)
        for rank, file in enumerate(files)
    ]
    assert [each.wait(900) for each in running] == [0, 0]
    return [load_file(file) for file in files]


def test_two_processes_learn_from_the_same_replies_what_one_learns(tiny: Path, tmp_path: Path) -> None:
    one, (first, second) = learned(tiny, ALONE), learned_by_two(tiny, tmp_path)
    for name, value in one.items():
        assert torch.equal(first[name], second[name]), f"{name} differs between the two"
        torch.testing.assert_close(first[name], value, atol=1e-4, rtol=1e-3, msg=name)


def ranks_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [
        each
        for each in psutil.Process(process.pid).children()
        if "alignment.distributed.worker" in each.cmdline()
    ]


def trained(folder: Path, updates: int) -> bool:
    return any(int(path.name.split("-")[1]) >= updates for path in folder.glob("train/trainer/update-*"))


def test_a_ppo_round_of_two_processes_survives_the_death_of_one_and_a_cancel(
    tiny: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s")
    calm = prepare_taught_round(tmp_path, tiny, "calm", "ppo", snapshot, processes=2)
    facts = ended(calm)
    assert (facts["processes"], facts["steps"], facts["episodes"]) == (2, 4, 32)
    told = [event["step"] for event in events(calm) if event["stage"] == "train" and event["metrics"]]
    assert told == [1, 2, 3, 4]
    assert not (calm / "ranks").exists()

    reward = tmp_path / "rewards" / "calm"
    folder = prepare_round(
        tmp_path,
        tiny,
        "hit",
        method="ppo",
        snapshot_dir=snapshot,
        convert=False,
        current_reward=reward,
        processes=2,
    )
    with start(folder) as process:
        until(lambda: trained(folder, 1), 900)
        ranks = ranks_of(process)
        assert len(ranks) == 2
        ranks[1].kill()
        assert process.wait(60) == 1
    assert not [each for each in ranks if each.is_running()]
    reason = json.loads((folder / "failure.json").read_text())["reason"]
    assert "was killed (signal 9)" in reason
    assert "\n" not in reason
    assert not checkpoint_of(folder).exists()

    with start(folder) as process:
        until(lambda: trained(folder, 2), 900)
        ranks = ranks_of(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert not [each for each in ranks if each.is_running()]
    assert not (folder / "failure.json").exists()

    ended(folder)
    assert manifest(folder / "train")["adapter_hash"] == manifest(calm / "train")["adapter_hash"]


def test_no_process_outlives_a_trainer_that_is_killed(tiny: Path, tmp_path: Path) -> None:
    folder = prepare_round(tmp_path, tiny, convert=False, processes=2)
    with start(folder) as process:
        until(lambda: len(ranks_of(process)) == 2, 900)
        ranks = ranks_of(process)
        process.kill()
    until(lambda: not [each for each in ranks if each.is_running()], 60)


def test_a_dpo_round_of_two_processes_ends_where_that_of_one_does(
    finished: Path, tiny: Path, tmp_path: Path
) -> None:
    folder = prepare_round(tmp_path, tiny, config={"epochs": 10}, convert=False, processes=2)
    assert ended(folder)["steps"] == 30
    told = [event["step"] for event in events(folder) if event["stage"] == "train" and event["metrics"]]
    assert told == list(range(1, 31))
    one, two = (load_file(each / "train" / "adapter" / WEIGHTS) for each in (finished, folder))
    apart = sum(float((one[name] - two[name]).square().sum()) for name in one) ** 0.5
    assert apart < 1e-3 * manifest(finished / "train")["update_norm"]
