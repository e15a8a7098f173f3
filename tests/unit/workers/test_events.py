"""Reading events while they are written."""

import json
from pathlib import Path

from workers.events import EventTail


def line(seq: int) -> str:
    event = {"seq": seq, "stage": "train", "step": seq, "total": 9, "percent": 1.0, "seconds_left": None}
    return (
        json.dumps(event | {"metrics": {"loss": 0.5}, "at": "2026-05-01T12:00:00+00:00", "message": ""})
        + "\n"
    )


def numbers(tail: EventTail) -> list[int]:
    return [event.seq for event in tail.fresh()]


def test_no_file_yet_means_no_events(tmp_path: Path) -> None:
    assert numbers(EventTail(tmp_path / "events.jsonl", 0)) == []


def test_each_event_comes_once_and_a_torn_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    tail = EventTail(file, 0)
    file.write_text(line(1) + line(2)[:20])
    assert numbers(tail) == [1]
    file.write_text(line(1) + line(2))
    assert numbers(tail) == [2]
    assert numbers(tail) == []


def test_events_of_an_earlier_attempt_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(line(1) + line(2) + line(3))
    assert numbers(EventTail(file, 2)) == [3]


def test_an_event_that_could_not_be_kept_comes_again(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(line(1) + line(2))
    tail = EventTail(file, 0)
    reading = tail.fresh()
    assert next(reading).seq == 1
    reading.close()
    assert numbers(tail) == [1, 2]
