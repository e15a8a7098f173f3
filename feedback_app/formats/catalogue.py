"""The formats by name: those that go out and come back in, and those that are only read."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from feedback_app.domain.preference import PreferencePair
from feedback_app.errors import Invalid
from feedback_app.formats import (
    alpaca,
    fastchat,
    helpsteer,
    hh,
    kto,
    lmarena,
    oasst,
    openai,
    openwebui,
    pandalm,
    rankings,
    sft,
    sharegpt,
    sillytavern,
    trl,
    ultrafeedback,
)


class PairFormat(Protocol):
    """A module that writes one preference pair a line."""

    def dump(self, pair: PreferencePair) -> dict[str, Any]: ...


PAIRS: dict[str, PairFormat] = {"trl": trl, "hh": hh, "openai": openai, "sharegpt": sharegpt}
FORMATS = (*PAIRS, "kto", "sft", "rankings", "parquet")
READ_ONLY = (
    *("oasst", "pandalm", "alpaca", "ultrafeedback", "helpsteer"),
    *("openwebui", "fastchat", "lmarena", "sillytavern"),
)
IMPORTS = (*FORMATS, *READ_ONLY)

Load = Callable[[Mapping[str, Any]], Any]
LOADERS: dict[str, tuple[Load, frozenset[str]]] = {
    "trl": (trl.load, trl.USED),
    "parquet": (trl.load, trl.USED),
    "hh": (hh.load, hh.USED),
    "openai": (openai.load, openai.USED),
    "sharegpt": (sharegpt.load, sharegpt.USED),
    "kto": (kto.load, kto.USED),
    "sft": (sft.load, sft.USED),
    "rankings": (rankings.load, rankings.USED),
    "oasst": (oasst.load, oasst.USED),
    "pandalm": (pandalm.load, pandalm.USED),
    "alpaca": (alpaca.load, alpaca.USED),
    "ultrafeedback": (ultrafeedback.load, ultrafeedback.USED),
    "helpsteer": (helpsteer.load, helpsteer.USED),
    "openwebui": (openwebui.load, openwebui.USED),
    "fastchat": (fastchat.load, fastchat.USED),
    "lmarena": (lmarena.load, lmarena.USED),
    "sillytavern": (sillytavern.load, sillytavern.USED),
}
"""How each reads a record, and which of its fields it uses."""


class UnknownFormat(Invalid, ValueError):
    """No such format, or a file in none of them; the message says what there is."""


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
