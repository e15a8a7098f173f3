"""The formats by name, and the detection of a file's format from its records. Pages, command line and API all use this."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from feedback_app.domain.documents import PairDocument
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
    unused,
)


class PairFormat(Protocol):
    """A module that writes one preference pair per line."""

    def dump(self, pair: PreferencePair) -> dict[str, Any]: ...

    def record_of(self, pair: PairDocument) -> dict[str, Any]: ...


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
"""For each format, the function that reads a record and the fields that it uses."""


class UnknownFormat(Invalid, ValueError):
    """An unknown format name, or a file in no known format. The message lists the formats."""


def exported(format: str) -> str:
    """Check the name of an export format. Raises UnknownFormat."""
    if format in READ_ONLY:
        raise UnknownFormat(f"{format} can only be imported; exports are: {', '.join(FORMATS)}")
    if format not in FORMATS:
        raise UnknownFormat(f"no such format; there are: {', '.join(FORMATS)}")
    return format


def imported(format: str) -> str:
    """Check the name of an import format. Raises UnknownFormat."""
    if format not in IMPORTS:
        raise UnknownFormat(f"no such format; there are: {', '.join(IMPORTS)}")
    return format


RECORDS_INSPECTED = 100
"""The number of records from which the format is detected. Each record is still checked when it is read."""
# These fields decide the kind of a record even if they are null: a rating without its label is not a demonstration.
DECISIVE = frozenset({*kto.LABELS, "chosen", "rejected", "chosen_messages", "rejected_messages"})


def record_format(record: Mapping[str, Any]) -> str | None:
    """The format whose fields the record has, or None. Fields that are null count only if the others do not decide, so that
    the error can name the field that must not be null."""
    return _of(record, [name for name, value in record.items() if value is not None]) or _of(record, record)


def _of(record: Mapping[str, Any], names: Iterable[str]) -> str | None:
    has = frozenset(names) | (DECISIVE & record.keys())
    return _log(record, has) or _ranked(record, has) or _conversation(record, has)


def detected(records: Iterable[Mapping[str, Any]]) -> str | None:
    """The format of these records, or None if they have none or several. A single record in no format is refused when it is
    read."""
    names = {name for name in map(record_format, records) if name}
    return names.pop() if len(names) == 1 else None


def describe_unrecognised(records: Iterable[Mapping[str, Any]]) -> str:
    """Describe an unrecognised file by the names of its fields, without their contents."""
    rows = list(records)
    shapes = Counter(name for name in map(record_format, rows) if name)
    if len(shapes) > 1:
        return f"its records are in different formats: {', '.join(sorted(shapes))}"
    names = dict.fromkeys(name for row in rows for name in row)
    return (
        f"its records have the fields {unused.listed(list(names))}" if names else "its records have no fields"
    )


def _log(record: Mapping[str, Any], has: frozenset[str]) -> str | None:
    """Logs of chats and votes from other programs."""
    if {"mes", "is_user"} <= has or {"user_name", "character_name"} <= has or "chat_metadata" in has:
        return "sillytavern"
    if {"type", "data"} <= has and has & {"snapshot", "meta"} and has <= openwebui.USED | unused.METADATA:
        return "openwebui"
    if "type" in has and has & {"state", "states"}:
        return "fastchat"
    if {"conversation_a", "conversation_b"} <= has:
        return "lmarena"
    root = record.get("prompt")
    return "oasst" if isinstance(root, dict) and "replies" in root else None


def _ranked(record: Mapping[str, Any], has: frozenset[str]) -> str | None:
    """Several replies to one prompt with a ranking or scores."""
    if "candidates" in has:
        return "rankings"
    if "preferred_output" in has or "non_preferred_output" in has:
        return "openai"
    if {"instruction", "completions"} <= has:
        return "ultrafeedback"
    if {"response1", "annotator1"} <= has:
        return "pandalm"
    if {"response1", "overall_preference"} <= has or {"response_1", "preference_strength"} <= has:
        return "helpsteer"
    return "helpsteer" if {"prompt", "response", "helpfulness"} <= has else None


def _conversation(record: Mapping[str, Any], has: frozenset[str]) -> str | None:
    """Pairs, ratings and demonstrations."""
    if "instruction" in has and has & {"output", "chosen", "rejected"}:
        return "alpaca"
    if any(isinstance(record.get(name), list) for name in sharegpt.LISTS) or "conversations" in has:
        return "sharegpt"
    if has & {"chosen", "rejected", "chosen_messages", "rejected_messages"}:
        return _pair(record, has)
    if has & {*kto.LABELS} and (has & {*kto.REPLIES} or has - {*kto.LABELS} == {"prompt"}):
        return "kto"
    if has & {*kto.LABELS}:
        return None
    return "sft" if "messages" in has or ({"completion"} <= has and has & {*trl.PROMPTS}) else None


def _pair(record: Mapping[str, Any], has: frozenset[str]) -> str:
    texts = [text for text in (record.get("chosen"), record.get("rejected")) if text is not None]
    transcripts = all(isinstance(text, str) for text in texts) and any(
        "\n\nHuman:" in str(text) for text in texts
    )
    return "hh" if transcripts and not has & {*trl.PROMPTS} else "trl"
