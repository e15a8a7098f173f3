"""Files of lines: cut anywhere, numbered, bounded; every bad line named, never quoted."""

import json
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.formats import hh, jsonl, kto, openai, rankings, sft, sharegpt, trl
from feedback_app.formats.errors import ImportRefused, LineError, Problems
from feedback_app.formats.jsonl import FileTooLarge, Limits
from tests.unit.formats.values import REPEATABLE, TEXTS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


def read(content: bytes, limits: Limits | None = None) -> tuple[list[Any], list[LineError]]:
    problems = Problems()
    found = list(jsonl.read([content], dict, limits or Limits(), problems))
    return found, problems.errors


@REPEATABLE
@given(content=st.binary() | TEXTS.map(str.encode), cuts=st.lists(st.integers(0, 50)))
def test_lines_are_the_same_however_the_file_is_cut_into_pieces(content: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    pieces = [content[a:b] for a, b in pairwise(edges)]
    found = list(jsonl.lines(pieces, Limits(), Problems()))
    whole = content.removeprefix(jsonl.BOM).split(b"\n")
    assert found == [(i, line.strip()) for i, line in enumerate(whole, start=1) if line.strip()]


@REPEATABLE
@given(record=st.dictionaries(TEXTS, TEXTS))
def test_a_record_is_one_line_for_every_reader(record: dict[str, str]) -> None:
    line = jsonl.dumped(record)
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == record


def test_byte_order_mark_blank_lines_and_windows_line_ends_are_no_problem() -> None:
    found, errors = read(b'\xef\xbb\xbf{"a": 1}\r\n\r\n  \n{"a": 2}')
    assert found == [{"a": 1}, {"a": 2}]
    assert not errors


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON: Expecting property name enclosed in double quotes (column 2)"),
        (b"[]", "is not a JSON object: one object a line is needed (JSONL)"),
        (b"[", "is not a JSON object: one object a line is needed (JSONL)"),
        (b"null", "is not a JSON object: one object a line is needed (JSONL)"),
        (b'{"a": "\xff"}', "is not UTF-8 (byte 8)"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8 (it looks like UTF-16)"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number that is too long"),
        (b'{"a": "' + b"x" * 262_144 + b'"}', "is longer than 0.25 MiB"),
    ],
)
def test_a_bad_line_is_named_by_number_and_reason(line: bytes, reason: str) -> None:
    found, errors = read(b'{"a": 1}\n\n' + line + b'\n{"a": 2}\n', Limits(line=262_144))
    assert errors[0] == LineError(3, reason)
    assert found == [{"a": 1}, {"a": 2}]


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    problems = Problems()
    pieces = (b"x" * 1000 for _ in range(1000))
    assert not list(jsonl.lines(pieces, Limits(line=5000), problems))
    assert [error.line for error in problems.errors] == [1]


def test_the_line_after_one_that_is_too_long_is_read() -> None:
    found, errors = read(b"x" * 3000 + b'\n{"a": 1}', Limits(line=100))
    assert found == [{"a": 1}]
    assert errors[0].line == 1


def test_a_line_just_at_the_limit_is_read() -> None:
    found, errors = read(b'{"a": 1}\r\n{"a":12}\n', Limits(line=9))
    assert len(found) == 2
    assert not errors


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(FileTooLarge, match="larger than 1 MiB: split it"):
        read(b"\n" * (1024 * 1024 + 1), Limits(file=1024 * 1024))


def test_a_file_is_read_in_pieces_of_one_size_however_long_its_lines_are() -> None:
    assert {len(piece) for piece in jsonl.chunks(BytesIO(b"x" * 1024 * 1024))} == {256 * 1024}


def test_the_first_fifty_bad_lines_are_kept_and_all_are_counted() -> None:
    problems = Problems()
    list(jsonl.read([b"x\n" * 120], dict, Limits(), problems))
    with pytest.raises(ImportRefused) as refused:
        problems.refuse()
    assert (len(refused.value.errors), refused.value.total) == (50, 120)
    assert str(refused.value).startswith("nothing was imported: line 1: is not JSON")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("format", [trl, hh, openai, sharegpt, kto, sft, rankings])
@REPEATABLE
@given(value=JSON)
def test_no_json_can_make_a_format_fail_in_another_way_than_by_refusing(format: Any, value: Any) -> None:
    """Also with the right field names, so that the checks behind the first one are reached."""
    names = ("prompt", "chosen", "rejected", "messages", "conversations", "input", "ranking", "candidates")
    problems = Problems()
    for record in (
        value,
        dict.fromkeys(names, value),
        {name: [{"role": "user", "content": value}] for name in names},
    ):
        list(jsonl.read([json.dumps(record).encode()], format.load, Limits(), problems))


@pytest.mark.parametrize("format", [trl, hh, openai, sharegpt, kto, sft, rankings])
@pytest.mark.parametrize(
    "place", ["{}", '{{"chosen": {}}}', '{{"prompt": [{{"role": "{}"}}]}}', '{{"id": "{}\\n"}}']
)
def test_a_reason_never_holds_text_of_the_file(format: Any, place: str) -> None:
    problems = Problems()
    list(jsonl.read([place.format("secret").encode()], format.load, Limits(), problems))
    assert problems.errors
    assert "secret" not in repr(problems.errors)
