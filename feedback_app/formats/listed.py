"""The formats by name: those that go out and come back in, and those that are only read."""

from collections.abc import Mapping
from typing import Any, Protocol

from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import hh, openai, sharegpt, trl


class PairFormat(Protocol):
    """A module that writes and reads one preference pair a line."""

    def dump(self, pair: PreferencePair) -> dict[str, Any]: ...

    def load(self, record: Mapping[str, Any]) -> PreferencePair: ...


PAIRS: dict[str, PairFormat] = {"trl": trl, "hh": hh, "openai": openai, "sharegpt": sharegpt}
FORMATS = (*PAIRS, "kto", "sft", "rankings", "parquet")
READ_ONLY = ("oasst", "pandalm")
IMPORTS = (*FORMATS, *READ_ONLY)


class UnknownFormat(ValueError):
    """No such format; the message lists those there are."""


def exported(format: str) -> str:
    """The name, if exports have it. Raises UnknownFormat."""
    if format in READ_ONLY:
        raise UnknownFormat(f"{format} can only be imported; exports are: {', '.join(FORMATS)}")
    if format not in FORMATS:
        raise UnknownFormat(f"no such format; there are: {', '.join(FORMATS)}")
    return format


def imported(format: str) -> str:
    """The name, if imports have it. Raises UnknownFormat."""
    if format not in IMPORTS:
        raise UnknownFormat(f"no such format; there are: {', '.join(IMPORTS)}")
    return format
