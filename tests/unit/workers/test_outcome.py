"""What a trainer's end means."""

import json
from pathlib import Path

import pytest

from feedback_app.domain.round import RoundState
from workers.outcome import OUT_OF_MEMORY, STOPPED_OUTSIDE, outcome


def decided(folder: Path, text: str) -> Path:
    (folder / "gate").mkdir()
    (folder / "gate" / "decision.json").write_text(text)
    return folder


@pytest.mark.parametrize(("promote", "state"), [(True, RoundState.promoted), (False, RoundState.held)])
def test_the_gate_decides_between_promoted_and_held(tmp_path: Path, promote: bool, state: RoundState) -> None:
    decision = {"promote": promote, "reasons": ["because"], "evidence": {}}
    found = outcome(decided(tmp_path, json.dumps(decision)), 0)
    assert (found.state, found.decision, found.error) == (state, decision, "")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"promote": "yes"}'])
def test_success_without_a_decision_is_a_failure(tmp_path: Path, text: str) -> None:
    assert outcome(decided(tmp_path, text), 0).state is RoundState.failed


def test_a_kill_is_told_as_lack_of_memory(tmp_path: Path) -> None:
    assert outcome(tmp_path, -9).error == OUT_OF_MEMORY


@pytest.mark.parametrize("code", [-15, 143])
def test_a_signal_from_outside_is_told_as_such(tmp_path: Path, code: int) -> None:
    assert outcome(tmp_path, code).error == STOPPED_OUTSIDE


@pytest.mark.parametrize("code", [1, 2])
def test_the_trainers_own_reason_is_passed_on(tmp_path: Path, code: int) -> None:
    (tmp_path / "failure.json").write_text('{"reason": "only 3 training pairs"}')
    assert outcome(tmp_path, code).error == "only 3 training pairs"


@pytest.mark.parametrize(("code", "words"), [(1, "exit code 1"), (-11, "signal 11")])
def test_without_a_reason_the_log_is_named(tmp_path: Path, code: int, words: str) -> None:
    error = outcome(tmp_path, code).error
    assert words in error
    assert "trainer.log" in error
