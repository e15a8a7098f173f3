"""events.jsonl only grows: percent never falls, seq never repeats, also across attempts and torn lines."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.events import EVENTS_FILE, EventLog, EventTail, Plan

PLAN = Plan({"train": 60.0, "publish": 10.0, "gate": 30.0})


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / EVENTS_FILE).read_text().splitlines()]


def clock(seconds: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += seconds


def test_percent_is_of_the_whole_round(tmp_path: Path) -> None:
    log = EventLog(tmp_path, PLAN)
    log.emit("train", 1, 2, {"loss": 0.5})
    log.emit("publish", 1, 1)
    log.emit("gate", 0, 1, fraction=0.5)
    assert [line["percent"] for line in lines(tmp_path)] == [30.0, 70.0, 85.0]
    assert lines(tmp_path)[0]["metrics"] == {"loss": 0.5}


def test_seconds_left_come_from_the_pace_so_far(tmp_path: Path) -> None:
    ticks = clock(12.0)
    log = EventLog(tmp_path, PLAN, clock=lambda: next(ticks))
    for step in range(3):
        log.emit("train", step, 6)
    # 10 % of the round each 12 s: 80 % are left after two steps.
    assert [line["seconds_left"] for line in lines(tmp_path)] == [None, 108.0, 96.0]


def test_a_second_attempt_goes_on_counting_and_measures_its_own_pace(tmp_path: Path) -> None:
    EventLog(tmp_path, PLAN).emit("train", 3, 6)
    with (tmp_path / EVENTS_FILE).open("a") as file:
        file.write('{"seq": 2, "stage": "tr')
    log = EventLog(tmp_path, PLAN)
    log.emit("train", 2, 6)
    assert [line["seq"] for line in lines(tmp_path)] == [1, 2]
    assert [line["percent"] for line in lines(tmp_path)] == [30.0, 30.0]
    assert lines(tmp_path)[1]["seconds_left"] is None


def test_a_number_that_json_cannot_say_is_written_as_null_and_left_out_when_read(tmp_path: Path) -> None:
    EventLog(tmp_path, PLAN).emit("train", 1, 6, {"loss": float("nan"), "margin": 0.5})
    assert lines(tmp_path)[0]["metrics"] == {"loss": None, "margin": 0.5}
    (event,) = EventTail(tmp_path, 0).fresh()
    assert event.metrics == {"margin": 0.5}


def test_what_the_trainer_writes_the_worker_reads(tmp_path: Path) -> None:
    EventLog(tmp_path, PLAN).emit("train", 1, 2, {"loss": 0.5}, "Training")
    (event,) = EventTail(tmp_path, 0).fresh()
    assert (event.seq, event.stage, event.step, event.total) == (1, "train", 1, 2)
    assert (event.percent, event.seconds_left, event.message) == (30.0, None, "Training")
    assert event.record() == lines(tmp_path)[0]


@given(
    st.lists(st.tuples(st.sampled_from(list(PLAN.seconds)), st.integers(0, 9), st.integers(0, 9)), min_size=1)
)
def test_percent_never_falls_and_stays_within_100(steps: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        log = EventLog(Path(folder), PLAN)
        for stage, step, total in steps:
            log.emit(stage, step, total)
        percents = [line["percent"] for line in lines(Path(folder))]
    assert all(before <= after for before, after in pairwise(percents))
    assert percents[0] >= 0
    assert percents[-1] <= 100


def line(seq: int) -> str:
    event = {"seq": seq, "stage": "train", "step": seq, "total": 9, "percent": 1.0, "seconds_left": None}
    return (
        json.dumps(event | {"metrics": {"loss": 0.5}, "at": "2026-05-01T12:00:00+00:00", "message": ""})
        + "\n"
    )


def numbers(tail: EventTail) -> list[int]:
    return [event.seq for event in tail.fresh()]


def test_no_file_yet_means_no_events(tmp_path: Path) -> None:
    assert numbers(EventTail(tmp_path, 0)) == []


def test_each_event_comes_once_and_a_torn_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    tail = EventTail(tmp_path, 0)
    file.write_text(line(1) + line(2)[:20])
    assert numbers(tail) == [1]
    file.write_text(line(1) + line(2))
    assert numbers(tail) == [2]
    assert numbers(tail) == []


def test_events_of_an_earlier_attempt_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(line(1) + line(2) + line(3))
    assert numbers(EventTail(tmp_path, 2)) == [3]


def test_an_event_that_could_not_be_kept_comes_again(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(line(1) + line(2))
    tail = EventTail(tmp_path, 0)
    reading = tail.fresh()
    assert next(reading).seq == 1
    reading.close()
    assert numbers(tail) == [1, 2]
