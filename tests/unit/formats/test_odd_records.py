"""Whatever JSON a record is, it is read or refused: no loader fails in another way, and no reason holds text of the file."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_app.formats.catalogue import LOADERS, UnknownFormat
from feedback_app.formats.errors import ImportRefused
from tests.paths import SHAPES
from tests.unit.formats.values import REPEATABLE, taken

ODD = st.sampled_from(
    [
        None,
        True,
        0,
        7,
        -1,
        0.5,
        10**30,
        "",
        "secret words",
        [],
        ["secret words"],
        [[]],
        {},
        {"secret": 1},
        [{}],
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, item in inner for way in places(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at that place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def told(content: str, format: str | None) -> str:
    """What an import says against a file; nothing where it is read."""
    try:
        taken(content, format)
    except ImportRefused as error:
        return repr(error.errors)
    except UnknownFormat as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", sorted(SHAPES.iterdir()), ids=lambda path: path.stem)
@REPEATABLE
@given(data=st.data())
def test_a_record_with_an_odd_value_anywhere_is_read_or_refused(path: Path, data: st.DataObject) -> None:
    content = path.read_text(encoding="utf-8")
    records = (
        json.loads(content)
        if content.startswith("[")
        else [json.loads(line) for line in content.splitlines()]
    )
    way = data.draw(st.sampled_from([way for way in places(records) if way]))
    changed = put(records, way, data.draw(ODD))
    assert "secret words" not in told(json.dumps(changed), None)


@pytest.mark.parametrize("format", LOADERS)
@REPEATABLE
@given(value=ODD)
def test_a_record_of_known_fields_with_odd_values_is_read_or_refused(format: str, value: Any) -> None:
    record = dict.fromkeys(LOADERS[format][1], value)
    for odd in (
        value,
        record,
        {name: [value] for name in record},
        {name: {"content": value} for name in record},
    ):
        assert "secret words" not in told(json.dumps([odd]), format)
