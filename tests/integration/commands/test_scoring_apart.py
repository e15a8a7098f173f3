"""A running service that scores with a trained reward model: torch is in a process of its own, which may be killed."""

import os
import signal
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.commands.conftest import Running
from tests.integration.reward_model.rewards_on_disk import shelve
from tests.waiting import ended, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
]
ASKED = '{"prompt": "A private question", "replies": ["Hi.", "No."]}\n'


def scored(running: Running) -> list[float]:
    answer = httpx.post(
        f"{running.url}/api/v1/rewards/score", content=ASKED, headers={"Content-Type": "application/x-ndjson"}, timeout=180
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    rewards: list[float] = answer.json()["rewards"]
    return rewards


def scoring_processes(running: Running) -> list[psutil.Process]:
    return [one for one in psutil.Process(running.pid).children() if "alignment.scoring" in one.cmdline()]


def holds_torch(pid: int) -> bool:
    return "libtorch_cpu" in Path(f"/proc/{pid}/maps").read_text()


def test_torch_is_in_a_process_of_its_own_and_a_killed_one_is_replaced(running: Running) -> None:
    shelve(running.home, Path(running.env["CODELYNN_BASE_MODEL"]), "reward-1", day=1, convert=True)
    assert scoring_processes(running) == []
    assert scored(running) == [0, 0]
    (first,) = scoring_processes(running)
    assert holds_torch(first.pid)
    assert not holds_torch(running.pid)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: ended(first.pid))
    assert scored(running) == [0, 0]
    assert "private question" not in (running.home / "serve.log").read_text()
