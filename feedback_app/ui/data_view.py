"""Counts, exports and imports as the data page tells of them. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

from feedback_app.services.data import ExportCount, ImportRefused, ImportReport
from feedback_app.services.status import PartStatus
from feedback_app.ui.text import count

FORMAT_WORDS = {
    "trl": "prompt, chosen, rejected (TRL)",
    "hh": "chosen and rejected transcripts (HH-RLHF)",
    "openai": "preference fine-tuning (OpenAI)",
    "sharegpt": "conversations, chosen, rejected (ShareGPT)",
    "kto": "single replies with a label (KTO)",
    "sft": "your rewrites and imported chats",
    "rankings": "everything, lossless (codeLynn)",
    "parquet": "pairs as one Parquet file",
    "oasst": "conversation trees with ranks (Open Assistant)",
    "pandalm": "pairs judged by three annotators (PandaLM)",
}


def counts_html(counts: Mapping[str, int]) -> str:
    named = (
        ("ranked", "Rankings"),
        ("pairs", "Pairs"),
        ("ties", "Ties"),
        ("all_bad", "All bad"),
        ("skipped", "Skipped"),
    )
    cells = "".join(f"<div><dt>{words}</dt><dd>{counts.get(name, 0):,}</dd></div>" for name, words in named)
    return f'<dl class="facts">{cells}</dl>'


def downloads(sizes: Mapping[str, ExportCount]) -> str:
    """A link for each format."""
    items = [
        f'<li><a href="api/v1/export?format={name}" download><strong>{name}</strong>'
        f'<span class="quiet">{escape(FORMAT_WORDS.get(name, ""))}<br>{_size(size)}</span></a></li>'
        for name, size in sizes.items()
    ]
    return f'<ul class="downloads">{"".join(items)}</ul>'


def _size(size: ExportCount) -> str:
    left = f", {size.left_out:,} left out (empty or equal replies)" if size.left_out else ""
    return f"{count(size.records, 'record')}{left}"


def imported(report: ImportReport, format: str) -> str:
    skipped = f" {count(report.skipped, 'record')} skipped: they were here already." if report.skipped else ""
    return (
        f'<p class="notice" role="status">Imported {count(report.added, "record")} ({format}).{skipped}</p>'
    )


def refused(error: ImportRefused) -> str:
    """Bad lines by number, with the reason."""
    lines = "".join(f"<li>{escape(str(bad))}</li>" for bad in error.errors)
    more = error.total - len(error.errors)
    rest = f"<li>and {count(more, 'more bad line', 'more bad lines')}</li>" if more > 0 else ""
    return (
        f'<div class="notice alert" role="alert">Nothing was imported: {count(error.total, "bad line")}. '
        f'Correct the file and import it again.<ul class="bad-lines">{lines}{rest}</ul></div>'
    )


def parts_line(parts: Sequence[PartStatus]) -> str:
    """What the parts of the service say about themselves."""
    items = "".join(
        f'<li><span class="badge">{escape(part.name)}</span> {"" if part.ok else "<strong>away:</strong> "}'
        f"{escape(part.detail)}</li>"
        for part in parts
    )
    return f'<ul class="parts">{items}</ul>'
