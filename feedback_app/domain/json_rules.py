"""JSON as it may come in, and JSON out of the store as it can be shown. Pure.

Python's reader takes more than JSON has: NaN, Infinity, 1e400, half surrogate pairs, integers of any length, other encodings, and
objects that name a field twice, of which it drops the first.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from feedback_app.domain.text_rules import UNFIT, DamagedText, number_fault, repaired, text_fault

DEEPEST = 256
"""Levels of lists and objects: room for a tree of 100 turns."""
LONGEST_STEP = 40
# NUL or either half of a surrogate pair, as JSON spells them: a first look, which is quick.
SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# The same for numbers: seventeen digits or an exponent.
SUSPECT_VALUE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|\d{17}|\d[eE]")

Place = tuple[str | int, ...]


class Unfit(ValueError):
    """JSON that cannot be taken; the message is the end of a sentence and quotes no text."""


class NotJson(Unfit):
    """It does not follow JSON's grammar."""


def parsed(raw: bytes | str) -> Any:
    """The value that JSON text spells. Raises Unfit, NotJson."""
    text = _text(raw) if isinstance(raw, bytes) else raw
    value = loaded(text)
    if _may_be_unfit(text) and (fault := fault_in(value)):
        raise Unfit(fault)
    return value


def _may_be_unfit(text: str) -> bool:
    """Whether the text has to be looked at value by value: it may spell an unfit character, a large number or deep nesting."""
    deep = text.count("[") + text.count("{") >= DEEPEST
    return (
        deep
        or (not text.isascii() and UNFIT.search(text) is not None)
        or SUSPECT_VALUE.search(text) is not None
    )


def loaded(raw: bytes | str) -> Any:
    """The same, its texts and numbers unchecked: for a list whose items are checked one by one. Raises Unfit, NotJson."""
    try:
        return STRICT.decode(_text(raw) if isinstance(raw, bytes) else raw)
    except Unfit:
        raise
    except json.JSONDecodeError as error:
        line = "" if error.lineno == 1 else f"line {error.lineno}, "
        raise NotJson(f"is not JSON: {error.msg} ({line}column {error.colno})") from error
    except RecursionError as error:
        raise Unfit("is nested too deeply") from error
    except ValueError as error:  # an integer of thousands of digits
        raise Unfit("holds a number that is too long") from error


def _text(raw: bytes) -> str:
    """JSON's bytes as text. Python's and FastAPI's readers would also take UTF-16 and UTF-32, and a byte order mark; only the mark is
    taken here, so that nothing is read unchecked. Raises Unfit."""
    encoding = json.detect_encoding(raw)
    if encoding not in ("utf-8", "utf-8-sig"):
        raise Unfit(f"is not UTF-8 (it looks like {encoding.upper()})")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unfit(f"is not UTF-8 (byte {error.start + 1})") from error


def next_value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, its texts and numbers unchecked, and where it ends. Raises Unfit, and json.JSONDecodeError where it
    is broken or goes on behind the text."""
    try:
        return STRICT.raw_decode(text, at)
    except (json.JSONDecodeError, Unfit):
        raise
    except RecursionError as error:
        raise Unfit("is nested too deeply") from error
    except ValueError as error:  # an integer of thousands of digits
        raise Unfit("holds a number that is too long") from error


def _no_constant(name: str) -> NoReturn:
    raise Unfit("holds NaN or Infinity, which are not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose fields have different names: of two values it would not be clear which one is meant."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unfit(f"names a field twice: {where((twice,))}")
    return fields


STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once)


def fault_in(value: Any) -> str | None:
    """What is wrong with the first part of a JSON value that has something wrong, and where; None where nothing is."""
    waiting: list[tuple[Place, Any]] = [((), value)]
    while waiting:
        place, item = waiting.pop()
        if len(place) >= DEEPEST and isinstance(item, (dict, list, tuple)):
            return "is nested too deeply"
        if (fault := _fault(item)) is not None:
            return f"{where(place)} {fault}".strip()
        waiting.extend(_parts(place, item))
    return None


def _fault(item: Any) -> str | None:
    match item:
        case str():
            return text_fault(item)
        case bool():
            return None
        case int() | float():
            return number_fault(item)
        case dict():
            faults = (text_fault(key) for key in item)
            return next((f"has a name that {fault}" for fault in faults if fault), None)
    return None


def _parts(place: Place, item: Any) -> Iterator[tuple[Place, Any]]:
    """The last first: they are taken from the end."""
    if isinstance(item, dict):
        return (((*place, key), item[key]) for key in reversed(item))
    if isinstance(item, (list, tuple)):
        return (((*place, i), item[i]) for i in reversed(range(len(item))))
    return iter(())


def where(place: Place) -> str:
    """`messages[0].content`. A name that is not like one of ours may be private: it is left out."""
    steps = [_step(step) for step in place]
    return f"`{''.join(steps).removeprefix('.')}`" if steps else ""


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() and step.isascii() and len(step) <= LONGEST_STEP else ".…"


def stored(raw: str | bytes) -> Any:
    """A value out of the store: texts that no text may be are `DamagedText`, numbers that are not finite are None. What is no JSON
    at all is one repaired text."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, (bytes, bytearray)) else raw
    try:
        value = STORED.decode(text)
        return _shown(value) if SUSPECT.search(text) else value
    except (ValueError, RecursionError):
        return DamagedText(repaired(text))


def _known(number: str) -> float | None:
    value = float(number)
    return None if number_fault(value) else value


STORED = json.JSONDecoder(parse_float=_known, parse_constant=lambda name: None)


def _shown(value: Any) -> Any:
    match value:
        case str():
            return DamagedText(repaired(value)) if UNFIT.search(value) else value
        case dict():
            return {_shown(key): _shown(item) for key, item in value.items()}
        case list():
            return [_shown(item) for item in value]
    return value
