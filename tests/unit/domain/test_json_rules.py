"""Which JSON is taken, and what the store's JSON looks like where it breaks the rules."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.json_rules import NotJson, Unfit, fault_in, parsed, stored
from feedback_app.domain.text_rules import (
    LARGEST_INTEGER,
    DamagedText,
    name_fault,
    repaired,
    seconds_fault,
    text_fault,
)
from tests.unit.formats.values import REPEATABLE

# Any text that Python can hold, half surrogate pairs and NUL included.
ANY_TEXT = st.text(st.characters() | st.sampled_from("\0\ud83d\ude00\udfff"), max_size=12)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"prompt": "a\\ud83d"}', "`prompt` holds half a surrogate pair"),
        (
            b'{"messages": [{"content": "\\ude00\\ud83d"}]}',
            "`messages[0].content` holds half a surrogate pair",
        ),
        (b'{"note": "\\u0000"}', "`note` holds a NUL character"),
        (b'{"a\\ud83d": 1}', "has a name that holds half a surrogate pair"),
        (b'{"config": {"my secret words": "\\ud83d"}}', "`config.…` holds half a surrogate pair"),
        (b'{"seconds": 1e400}', "`seconds` is not a finite number"),
        (b'{"seconds": -1e400}', "`seconds` is not a finite number"),
        (b'{"seconds": NaN}', "holds NaN or Infinity, which are not JSON"),
        (b'{"seconds": -Infinity}', "holds NaN or Infinity, which are not JSON"),
        (b'{"seed": 9223372036854775808}', "`seed` is a whole number of more than 64 bits"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "holds a number that is too long"),
        (b"[" * 257 + b"]" * 257, "is nested too deeply"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'"\xff"', "is not UTF-8 (byte 2)"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8 (it looks like UTF-16)"),
        ('{"a": 1}'.encode("utf-16-le"), "is not UTF-8 (it looks like UTF-16-LE)"),
        ('{"a": 1}'.encode("utf-32-be"), "is not UTF-8 (it looks like UTF-32-BE)"),
        (b'\xef\xbb\xbf{"a": "\\ud83d"}', "`a` holds half a surrogate pair"),
        (b'{"label": true, "label": false}', "names a field twice: `label`"),
        (b'[{"turn": {"my secret words": 1, "my secret words": 1}}]', "names a field twice: `…`"),
    ],
)
def test_json_that_breaks_a_rule_is_refused_with_the_place_and_without_the_text(
    raw: bytes, reason: str
) -> None:
    with pytest.raises(Unfit) as refused:
        parsed(raw)
    assert str(refused.value) == reason


@pytest.mark.parametrize("raw", [b"", b"{", b"[1,]", b"nothing"])
def test_what_is_no_json_is_told_apart(raw: bytes) -> None:
    with pytest.raises(NotJson):
        parsed(raw)


def test_whole_pairs_control_characters_and_the_largest_integer_are_taken() -> None:
    value = {"text": "\U0001f600 \t\n\x1b[1m\x7f", "seed": LARGEST_INTEGER, "deep": [[[1.5]]], "on": True}
    assert parsed(json.dumps(value)) == value


@given(ANY_JSON)
@REPEATABLE
def test_what_is_taken_can_be_written_as_utf_8_and_read_again(value: object) -> None:
    if fault_in(value) is None:
        assert parsed(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) == value


@given(ANY_JSON)
@REPEATABLE
def test_whatever_is_stored_is_read_as_something_that_can_be_shown(value: object) -> None:
    shown = stored(json.dumps(value))
    json.dumps(shown, ensure_ascii=False, allow_nan=False).encode()
    if fault_in(value) is None:
        assert shown == value
        assert fault_in(shown) is None, "nothing is damaged"


def test_stored_text_that_no_text_may_be_is_mended_and_known_for_it() -> None:
    shown = stored('{"text": "a\\ud83d b\\u0000", "ok": "\\ud83d\\ude00", "seconds": 1e400, "x": NaN}')
    assert shown == {"text": "a\ufffd b\ufffd", "ok": "\U0001f600", "seconds": None, "x": None}
    assert isinstance(shown["text"], DamagedText)
    assert not isinstance(shown["ok"], DamagedText)
    assert text_fault(shown["text"]) == "was damaged in the database"


def test_stored_text_that_is_no_json_breaks_nothing() -> None:
    assert isinstance(stored("not json"), DamagedText)
    assert isinstance(stored(b"[" * 100_000), DamagedText)


def test_halves_that_belong_together_are_joined() -> None:
    assert repaired("a\ud83d\ude00 \ude00") == "a\U0001f600 \ufffd"
    assert repaired("plain") == "plain"


@pytest.mark.parametrize("name", ["", "dpo-20261128", "Zoë", "日本"])
def test_a_name_is_short_and_printable(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize("name", ["a\nb", "\x1b", "\ud83d", "x" * 201, "a\u2028b"])
def test_other_names_are_refused(name: str) -> None:
    assert name_fault(name)


def test_the_time_taken_is_a_number_that_a_person_can_have_taken() -> None:
    assert [seconds_fault(good) for good in (None, 0, 3.5, 1e9)] == [None] * 4
    assert all(seconds_fault(bad) for bad in (-1, 1e10, math.inf, math.nan, True))
