"""Which format a file is in, from how it begins."""

import json
from typing import Any

from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record
from feedback_app.formats.jsonl import BOM, parsed


def guess_format(beginning: bytes) -> str | None:
    """The format whose fields the first line has, or the first item of an array; None if it has those of none."""
    if beginning.startswith(b"PAR1"):
        return "parquet"
    text = beginning.removeprefix(BOM).lstrip()
    if text.startswith(b"["):
        return "pandalm" if _judged_pair(_first_item(text)) else None
    try:
        record = parsed(text.split(b"\n", 1)[0].strip())
    except BadRecord:
        return None
    return _by_fields(record)


def _first_item(text: bytes) -> Any:
    try:
        return json.JSONDecoder().raw_decode(text[1:].decode(errors="ignore").lstrip())[0]
    except (ValueError, RecursionError):  # also where the item is longer than the beginning
        return None


def _judged_pair(item: Any) -> bool:
    return isinstance(item, dict) and "response1" in item and "annotator1" in item


def _by_fields(record: Record) -> str | None:
    if "candidates" in record:
        return "rankings"
    if "preferred_output" in record:
        return "openai"
    if "chosen" in record and "rejected" in record:
        return _by_chosen(record)
    if "completion" in record and "label" in record:
        return "kto"
    if isinstance(root := record.get("prompt"), dict) and "replies" in root:
        return "oasst"
    return "sft" if "messages" in record else None


def _by_chosen(record: Record) -> str | None:
    if "conversations" in record:
        return "sharegpt"
    if "prompt" in record or isinstance(record["chosen"], list):
        return "trl"
    chosen = record["chosen"]
    return "hh" if isinstance(chosen, str) and "\n\nHuman:" in chosen else None
