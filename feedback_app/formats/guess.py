"""Which format a file is in, from how it begins."""

from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record
from feedback_app.formats.jsonl import BOM, parsed


def guess_format(first_line: bytes) -> str | None:
    """The format whose fields the first line has; None if it has those of none."""
    if first_line.startswith(b"PAR1"):
        return "parquet"
    try:
        record = parsed(first_line.removeprefix(BOM).strip())
    except BadRecord:
        return None
    return _by_fields(record)


def _by_fields(record: Record) -> str | None:
    if "candidates" in record:
        return "rankings"
    if "preferred_output" in record:
        return "openai"
    if "chosen" in record and "rejected" in record:
        return _by_chosen(record)
    if "completion" in record and "label" in record:
        return "kto"
    return "sft" if "messages" in record else None


def _by_chosen(record: Record) -> str | None:
    if "conversations" in record:
        return "sharegpt"
    if "prompt" in record or isinstance(record["chosen"], list):
        return "trl"
    chosen = record["chosen"]
    return "hh" if isinstance(chosen, str) and "\n\nHuman:" in chosen else None
