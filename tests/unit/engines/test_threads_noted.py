"""Threads are measured once on each kind of machine."""

import json
from pathlib import Path

import pytest

from feedback_app.engines import threads


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "ct2").mkdir()
    (tmp_path / "ct2" / "model.bin").write_bytes(b"small")
    return tmp_path / "ct2"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often it was measured; two threads are always best, on four cores."""
    calls: list[int] = []

    def measure(cores: int, *_: object) -> int:
        calls.append(cores)
        return 2

    monkeypatch.setattr(threads, "usable_cores", lambda: 4)
    monkeypatch.setattr(threads, "_measured", measure)
    return calls


def ask(model: Path, notes: Path) -> int:
    def never_opened(_: int) -> object:
        raise AssertionError("measuring is replaced here")

    return threads.best_threads(model, never_opened, [], notes)  # type: ignore[arg-type]


def test_the_second_start_asks_what_the_first_has_noted(model: Path, measured: list[int]) -> None:
    notes = model.parent / "threads.json"
    assert [ask(model, notes), ask(model, notes)] == [2, 2]
    assert measured == [4]


def test_another_machine_measures_for_itself_and_leaves_the_first_ones_note(
    model: Path, measured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = model.parent / "threads.json"
    ask(model, notes)
    monkeypatch.setattr(threads, "processor", lambda: "another")
    ask(model, notes)
    assert len(measured) == 2
    assert len(json.loads(notes.read_text())) == 2


@pytest.mark.parametrize("found", ["", "nonsense", "[1]", '{"x": "y"}', '{"x": null}'])
def test_a_note_that_is_damaged_is_made_anew(model: Path, measured: list[int], found: str) -> None:
    notes = model.parent / "threads.json"
    notes.write_text(found)
    assert ask(model, notes) == 2
    assert ask(model, notes) == 2
    assert measured == [4]


def test_a_note_for_more_cores_than_there_are_is_not_believed(model: Path, measured: list[int]) -> None:
    notes = model.parent / "threads.json"
    ask(model, notes)
    notes.write_text(notes.read_text().replace(": 2", ": 64"))
    assert ask(model, notes) == 2
    assert len(measured) == 2


def test_a_folder_that_cannot_be_written_to_only_measures_again(model: Path, measured: list[int]) -> None:
    notes = model.parent / "missing" / "threads.json"
    assert [ask(model, notes), ask(model, notes)] == [2, 2]
    assert measured == [4, 4]
