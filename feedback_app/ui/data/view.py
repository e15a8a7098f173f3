"""Counts, exports and imports as the data page tells of them. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

from feedback_app.services.dataset.dataset import ExportCount, ImportRefused, ImportReport, Look
from feedback_app.services.dataset.imports import Progress, words
from feedback_app.services.system.status import PartStatus
from feedback_app.ui.shared.text import count

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
    "alpaca": "instruction, input, output or pairs (Alpaca)",
    "ultrafeedback": "scored completions (UltraFeedback)",
    "helpsteer": "scores and preferences (HelpSteer)",
    "openwebui": "feedback export (Open WebUI)",
    "fastchat": "conversation log with votes (FastChat)",
    "lmarena": "votes between two models (LMArena)",
    "sillytavern": "chat with swipes (SillyTavern)",
}

PART_WORDS = {
    "database": "Database",
    "model": "Model",
    "redis": "Queue for rounds",
    "outbox": "Waiting to sync",
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


def downloads(formats: Sequence[str], sizes: Mapping[str, ExportCount]) -> str:
    """A link for each format, with its number of records where that is known already."""
    return f'<ul class="downloads">{"".join(_download(name, sizes.get(name)) for name in formats)}</ul>'


def _download(name: str, size: ExportCount | None) -> str:
    """`exports.js` reads how many records there are; without it the link is a plain one."""
    known = f' data-records="{size.records}"' if size else ""
    words = _size(size) if size else "counting …"
    return (
        f'<li><a href="api/v1/export?format={name}" download data-format="{name}"{known}><strong>{name}</strong>'
        f'<span class="quiet">{escape(FORMAT_WORDS.get(name, ""))}<br>{words}</span></a></li>'
    )


def _size(size: ExportCount) -> str:
    left = f", {size.left_out:,} left out (empty or equal replies, damaged records)" if size.left_out else ""
    return f"{count(size.records, 'record')}{left}"


def importing(progress: Progress) -> str:
    """How far an import is."""
    share = f' value="{progress.done}" max="{progress.total}"' if progress.total else ""
    return (
        f'<div class="notice"><p>{escape(words(progress))}</p>'
        f'<progress aria-label="Import"{share}></progress></div>'
    )


def looked(seen: Look, chosen: bool) -> str:
    """What an uploaded file is, before it is imported."""
    word = (
        ""
        if chosen
        else f"Detected format: <strong>{seen.format}</strong>, {escape(FORMAT_WORDS[seen.format])}. "
    )
    if not seen.unread:
        return f'<p class="notice" role="status">{word}Every field is used.</p>'
    names = ", ".join(f"<code>{escape(name)}</code>" for name in seen.unread)
    return (
        f'<p class="notice alert" role="status">{word}codeLynn does not use {names}. '
        "Choose below what to leave out; otherwise the import is refused.</p>"
    )


def imported(report: ImportReport) -> str:
    """What came in, as what, and what did not."""
    kinds = ", ".join(count(number, kind.removesuffix("s")) for kind, number in report.kinds.items())
    said = [
        f"Imported {count(report.added, 'record')} ({report.format}).",
        f"The file gave {kinds}." if kinds else "The file gave nothing to learn from.",
    ]
    if report.skipped:
        said.append(f"{count(report.skipped, 'record')} skipped: they were here already.")
    said += [f"Left out {number:,}: {reason}." for reason, number in report.left_out.items()]
    said += [
        f"Field {name} left out of {count(number, 'record')}." for name, number in report.ignored.items()
    ]
    return f'<p class="notice" role="status">{escape(" ".join(said))}</p>'


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
        f'<li><span class="badge">{escape(PART_WORDS.get(part.name, part.name))}</span> {"" if part.ok else "<strong>not available:</strong> "}'
        f"{escape(part.detail)}</li>"
        for part in parts
    )
    return f'<ul class="parts">{items}</ul>'
