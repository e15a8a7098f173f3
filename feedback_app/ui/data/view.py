"""Counts, exports, imports, annotation tools and parts of the service as the Data page shows them. Pure."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from feedback_app.services.annotation.agreement import Agreement
from feedback_app.services.annotation.desks import DeskStatus
from feedback_app.services.dataset.dataset import ExportCount, ImportRefused, ImportReport, Look
from feedback_app.services.dataset.imports import Progress, words
from feedback_app.services.system.status import PartStatus
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count, notice

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
MOOD_WORDS = {"away": "not reachable", "catching up": "syncing"}
COUNTED = {"ranked": "Rankings", "pairs": "Pairs", "ties": "Ties", "all_bad": "All bad", "skipped": "Skipped"}


def counts_html(counts: Mapping[str, int]) -> Markup:
    """How many rankings, pairs and ties there are."""
    shown = [(words, counts.get(name, 0)) for name, words in COUNTED.items()]
    return render("data/counts.html", counts=shown)


def downloads(formats: Sequence[str], sizes: Mapping[str, ExportCount]) -> Markup:
    """A link for each format, with the number of records where it is known."""
    return render("data/downloads.html", exports=[_download(name, sizes.get(name)) for name in formats])


def _download(name: str, size: ExportCount | None) -> dict[str, str | int | None]:
    return {
        "name": name,
        "records": size.records if size else None,
        "words": FORMAT_WORDS.get(name, ""),
        "size": _size(size) if size else "counting …",
    }


def _size(size: ExportCount) -> str:
    left = f", {size.left_out:,} left out (empty or equal replies, damaged records)" if size.left_out else ""
    return f"{count(size.records, 'record')}{left}"


def importing(progress: Progress) -> Markup:
    """How far an import is."""
    return render("data/importing.html", words=words(progress), done=progress.done, total=progress.total)


def looked(seen: Look, chosen: bool) -> Markup:
    """The format of an uploaded file, and the fields that the import would not use. `chosen`: the format was not detected."""
    return render(
        "data/detected.html",
        format="" if chosen else seen.format,
        words=FORMAT_WORDS[seen.format],
        unread=seen.unread,
    )


def imported(report: ImportReport) -> Markup:
    """What was imported, and what was left out."""
    kinds = ", ".join(count(number, kind.removesuffix("s")) for kind, number in report.kinds.items())
    lines = [
        f"Imported {count(report.added, 'record')} ({report.format}).",
        f"The file gave {kinds}." if kinds else "The file gave nothing to learn from.",
    ]
    if report.skipped:
        lines.append(f"{count(report.skipped, 'record')} skipped: they were here already.")
    lines += [f"Left out {number:,}: {reason}." for reason, number in report.left_out.items()]
    lines += [
        f"Field {name} left out of {count(number, 'record')}." for name, number in report.ignored.items()
    ]
    return notice(" ".join(lines))


def refused(error: ImportRefused) -> Markup:
    """The numbers of the bad lines, each with the reason."""
    more = error.total - len(error.errors)
    return render(
        "data/refused.html",
        bad_lines=count(error.total, "bad line"),
        problems=map(str, error.errors),
        more=count(more, "more bad line") if more > 0 else "",
    )


def parts_line(parts: Sequence[PartStatus]) -> Markup:
    """The state of each part of the service."""
    return render("data/parts.html", parts=parts, words=PART_WORDS)


def desks_html(desks: Sequence[DeskStatus]) -> Markup:
    """The state of each annotation tool: connected, syncing (with the number that wait), not reachable."""
    return render("data/tools.html", tools=desks, words=MOOD_WORDS)


def agreement_html(agreement: Agreement) -> Markup:
    """How many rankings each annotator gave, and how far they agree."""
    return render(
        "data/agreement.html",
        annotators=agreement.rankings,
        alpha=agreement.alpha,
        pairs=count(agreement.pairs, "pair"),
        comparisons=count(agreement.comparisons, "comparison"),
    )
