"""events.jsonl only grows: percent never falls, seq never repeats, also across attempts and torn lines."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.events import EVENTS_FILE, EventLog, Plan

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


def test_a_number_that_json_cannot_say_is_null(tmp_path: Path) -> None:
    EventLog(tmp_path, PLAN).emit("train", 1, 6, {"loss": float("nan")})
    assert lines(tmp_path)[0]["metrics"] == {"loss": None}


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
