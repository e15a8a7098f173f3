"""The process that scores: its answers, its end, and what happens when it is killed or its owner is."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from alignment.contract.manifests.reward import (
    CorruptReward,
    RewardEvaluation,
    RewardManifest,
    write_reward,
)
from alignment.scoring.client import NotScored, ScoringProcess
from reward_model.fit import fit_reward, load_reward
from tests.integration.reward_model.toy import CONFIG, PROMPT, toy_rankings
from tests.waiting import ended, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
]
ITEMS = [(PROMPT, "thanks a lovely day"), (PROMPT, "a day"), (PROMPT, "half \ud83d")]
# Speaks the protocol without a model: a reward is the length of its reply.
PLAIN = """
import os, sys, time
from alignment.scoring import frames
while (asked := frames.receive(sys.stdin.buffer)) is not None:
    replies = [reply for _, reply in asked["items"]]
    if "die" in replies:
        os._exit(3)
    if "hang" in replies:
        time.sleep(600)
    if "babble" in replies:
        os.write(1, b"What is this?")
    frames.send(sys.stdout.buffer, {"rewards": [float(len(reply)) for reply in replies]})
"""
OWNER = """
import sys
from pathlib import Path
from alignment.scoring.client import ScoringProcess
scoring = ScoringProcess(600)
base, folder = map(Path, sys.argv[1:])
scoring.open(base, folder)
print(scoring.pid, flush=True)
while True:
    scoring.score(base, folder, [([{"role": "user", "content": "Hello"}], "Hi. " * 200)] * 64)
"""
Plain = Callable[..., ScoringProcess]


@pytest.fixture
def plain() -> Iterator[Plain]:
    made: list[ScoringProcess] = []

    def make(idle_seconds: float = 600) -> ScoringProcess:
        made.append(ScoringProcess(idle_seconds, command=[sys.executable, "-c", PLAIN]))
        return made[-1]

    yield make
    for scoring in made:
        scoring.close()


def lengths(scoring: ScoringProcess, *replies: str) -> list[float]:
    return scoring.score(Path("base"), Path("reward-1"), [(PROMPT, reply) for reply in replies])


def running(scoring: ScoringProcess) -> int:
    assert scoring.pid is not None
    return scoring.pid


def test_it_is_started_when_it_is_needed_and_kept(plain: Plain) -> None:
    scoring = plain()
    assert scoring.pid is None
    assert lengths(scoring, "one", "three") == [3, 5]
    first = running(scoring)
    assert lengths(scoring, *["x"] * 200) == [1] * 200
    assert running(scoring) == first


def test_one_that_dies_within_a_request_is_told_of_in_one_line_and_the_next_request_starts_another(
    plain: Plain,
) -> None:
    scoring = plain()
    with pytest.raises(
        NotScored, match=r"^the process that scores replies ended \(exit code 3\): try again$"
    ):
        lengths(scoring, "die")
    assert scoring.pid is None
    assert lengths(scoring, "again") == [5]


def test_one_that_was_killed_meanwhile_is_replaced_without_an_error(plain: Plain) -> None:
    scoring = plain()
    lengths(scoring, "one")
    first = running(scoring)
    os.kill(first, signal.SIGKILL)
    until(lambda: ended(first))
    assert lengths(scoring, "two") == [3]
    assert running(scoring) != first


def test_one_that_does_not_keep_to_the_protocol_is_replaced(plain: Plain) -> None:
    scoring = plain()
    with pytest.raises(NotScored, match="ended"):
        lengths(scoring, "babble")
    assert lengths(scoring, "two") == [3]


def test_it_ends_when_it_is_not_needed_for_a_while_and_starts_again(plain: Plain) -> None:
    scoring = plain(idle_seconds=0.1)
    lengths(scoring, "one")
    until(lambda: scoring.pid is None)
    assert lengths(scoring, "two") == [3]


def test_closing_ends_it_and_whoever_waits_is_told(plain: Plain) -> None:
    scoring, told = plain(), list[str]()

    def ask() -> None:
        with pytest.raises(NotScored) as error:
            lengths(scoring, "hang")
        told.append(str(error.value))

    waiting = [threading.Thread(target=ask) for _ in range(2)]
    for thread in waiting:
        thread.start()
    until(lambda: scoring.pid is not None)
    pid = running(scoring)
    scoring.close()
    for thread in waiting:
        thread.join(30)
    assert ended(pid)
    assert told == ["codeLynn is stopping: try again when it runs"] * 2
    with pytest.raises(NotScored, match="is stopping"):
        lengths(scoring, "more")


def test_one_that_cannot_be_started_is_told_of_in_one_line() -> None:
    scoring = ScoringProcess(600, command=["/nowhere/python"])
    with pytest.raises(NotScored, match="cannot be started"):
        lengths(scoring, "one")
    scoring.close()


@pytest.fixture(scope="module")
def trained(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rewards") / "reward-1"
    record = fit_reward(tiny, toy_rankings(16, 0), CONFIG.model_copy(update={"epochs": 1.0}), folder)
    write_reward(folder, RewardManifest(passed=True, evaluation=RewardEvaluation.from_record(record)))
    return folder


@pytest.fixture
def real() -> Iterator[ScoringProcess]:
    scoring = ScoringProcess(600)
    yield scoring
    scoring.close()


def test_it_gives_the_rewards_that_the_model_gives_here(
    real: ScoringProcess, tiny: Path, trained: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert real.score(tiny, trained, ITEMS) == pytest.approx(
        load_reward(tiny, trained).score(ITEMS), abs=1e-4
    )
    pid = running(real)
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the group: its owner answers them
        os.kill(pid, number)
    with pytest.raises(NotScored, match=r"reward-1 could not score the replies \(\w+\)") as error:
        real.score(tiny, trained, [([{"role": "user", "content": "my secret"}], 5)])  # type: ignore[list-item]
    assert "__main__.py" in error.value.at
    assert len(real.score(tiny, trained, ITEMS)) == 3
    assert running(real) == pid
    told = [*psutil.Process(pid).cmdline(), *capfd.readouterr(), str(error.value), error.value.at]
    assert not any("secret" in text or "lovely" in text for text in told)


def test_a_model_whose_files_were_altered_is_refused(
    real: ScoringProcess, tiny: Path, trained: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "reward-2"
    broken.mkdir()
    with pytest.raises(CorruptReward, match="reward-2 has no readable manifest"):
        real.open(tiny, broken)
    for file in trained.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "calibration.json").write_text("{}")
    with pytest.raises(CorruptReward, match="reward-2 is not the one in its manifest"):
        real.open(tiny, broken)
    write_reward(broken, RewardManifest())
    with pytest.raises(CorruptReward, match="reward-2 cannot be loaded: train it again"):
        real.open(tiny, broken)
    real.open(tiny, trained)


def test_it_ends_with_an_owner_that_is_killed_while_it_scores(tiny: Path, trained: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tiny), str(trained)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
    until(lambda: ended(pid), 10)
