"""The formats by name: those that go out and come back in, and those that are only read."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
    unused,
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


LOOKED_AT = 100
"""So many records are looked at to tell the format. Each is still checked when it is read."""
# Their presence decides what a record is, also where they are null: a rating without its label is no demonstration.
VERDICTS = frozenset({*kto.LABELS, "chosen", "rejected", "chosen_messages", "rejected_messages"})


def shape(record: Mapping[str, Any]) -> str | None:
    """The format whose fields the record has; None if it has those of none. Fields that are null count where the others do not
    tell, so that one is named which should not be null."""
    return _of(record, [name for name, value in record.items() if value is not None]) or _of(record, record)


def _of(record: Mapping[str, Any], names: Iterable[str]) -> str | None:
    has = frozenset(names) | (VERDICTS & record.keys())
    return _log(record, has) or _ranked(record, has) or _conversation(record, has)


def detected(records: Iterable[Mapping[str, Any]]) -> str | None:
    """The format of these records; None where they are of none, or of several. One that is of none is refused when it is read."""
    found = {name for name in map(shape, records) if name}
    return found.pop() if len(found) == 1 else None


def seen(records: Iterable[Mapping[str, Any]]) -> str:
    """What a file that is not recognised has, for a person: names of fields, nothing of what is in them."""
    rows = list(records)
    shapes = Counter(name for name in map(shape, rows) if name)
    if len(shapes) > 1:
        return f"its records are in different formats: {', '.join(sorted(shapes))}"
    names = dict.fromkeys(name for row in rows for name in row)
    return (
        f"its records have the fields {unused.listed(list(names))}" if names else "its records have no fields"
    )


def _log(record: Mapping[str, Any], has: frozenset[str]) -> str | None:
    """Chats and votes as other programs write them down."""
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
    """Several replies to one prompt, and a judgement."""
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
