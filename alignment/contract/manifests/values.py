"""Reading values of JSON records that an earlier version may have written, or that were damaged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


def mapping(value: Any) -> Record:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Record]:
    """The JSON objects in a list; nothing where the value is no list."""
    return [mapping(item) for item in value] if isinstance(value, list | tuple) else []


def number(record: Record, name: str) -> float | None:
    """A number of the record; None where there is none."""
    value = record.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def measured(record: Record, name: str) -> float:
    """The same, with NaN for None."""
    value = number(record, name)
    return math.nan if value is None else value


def count(record: Record, name: str) -> int:
    """The same as an integer, with 0 for None, NaN and infinity."""
    value = number(record, name) or 0
    return int(value) if math.isfinite(value) else 0


def text(record: Record, name: str, default: str = "") -> str:
    """A text of the record."""
    value = record.get(name)
    return value if isinstance(value, str) else default


@dataclass(frozen=True, slots=True)
class BaseRecord:
    """The base model: its name, and the SHA-256 of its weights."""

    name: str = ""
    hash: str = ""

    @classmethod
    def from_record(cls, record: Record) -> "BaseRecord":
        return cls(text(record, "name"), text(record, "hash"))
