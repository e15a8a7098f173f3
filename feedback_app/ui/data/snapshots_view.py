"""Snapshots and how two differ, as the Data page tells of them. Pure."""

from collections.abc import Mapping, Sequence
from html import escape

from feedback_app.domain.snapshot import (
    CHANGE_TYPES,
    RECORD_KINDS,
    ChangeType,
    RecordChange,
    RecordKind,
    SnapshotRecord,
    SnapshotSummary,
)
from feedback_app.services.rounds.snapshots import SnapshotComparison
from feedback_app.ui.shared.text import count

EMPTY = (
    '<div class="empty"><p class="empty-title">No snapshot yet</p>'
    '<p>Each round keeps a snapshot of the data it trains on. <a href="rounds">Train a new version</a> to make one.</p></div>'
)
COLUMNS = ("made", "pairs", "held out", "rankings", "ratings", "demonstrations", "size", "rounds")
WORDS: dict[ChangeType, str] = {"added": "New", "removed": "Removed", "changed": "Changed"}
LONGEST = 300
MEGABYTE, KILOBYTE = 1_000_000, 1000


def listing(found: Sequence[SnapshotSummary]) -> str:
    """A row for each snapshot; what cannot be read says why."""
    if not found:
        return EMPTY
    head = "".join(f'<th scope="col">{name}</th>' for name in ("snapshot", *COLUMNS))
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(one.hash[:8])}</code></th>{_cells(one)}</tr>' for one in found
    )
    caption = "<caption>Rounds train on the pairs; the held-out ones test the result.</caption>"
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="Snapshots"><table class="plain-table">{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(one: SnapshotSummary) -> str:
    rounds = f"<td>{escape(', '.join(f'{r.method} ({r.state})' for r in one.rounds)) or '–'}</td>"
    if one.created_at is None:
        return f'<td colspan="{len(COLUMNS) - 1}">{escape(one.problem)}</td>{rounds}'
    names = ("train", "heldout", "rankings", "ratings", "demonstrations")
    numbers = [f"{one.counts[name]:,}" if name in one.counts else "–" for name in names]
    told = [f"{one.created_at:%Y-%m-%d %H:%M}", *numbers, size(one.size)]
    return "".join(f"<td>{text}</td>" for text in told) + rounds


def size(number: int) -> str:
    """Bytes as a person says them."""
    if number >= MEGABYTE:
        return f"{number / MEGABYTE:,.1f} MB"
    return f"{max(1, round(number / KILOBYTE))} kB"


def label(one: SnapshotSummary) -> str:
    """A snapshot in a list to choose from."""
    return f"{one.created_at:%Y-%m-%d %H:%M} · {one.hash[:8]}" if one.created_at else one.hash[:8]


def since(found: SnapshotComparison | None) -> str:
    """One line: what the newest snapshot does not hold."""
    if found is None:
        return ""
    counts = found.difference.counts
    told = [
        _told(kind, how, counts[kind, how])
        for kind in RECORD_KINDS
        for how in CHANGE_TYPES
        if counts.get((kind, how))
    ]
    words = (
        f"Since the newest snapshot: {', '.join(told)}."
        if told
        else "Nothing is new since the newest snapshot."
    )
    return f'<p class="notice" role="status">{escape(words)}</p>'


def _told(kind: RecordKind, how: ChangeType, number: int) -> str:
    return f"{count(number, kind.removesuffix('s'))} {'new' if how == 'added' else WORDS[how].lower()}"


def difference(found: SnapshotComparison) -> str:
    """The counts as a table, where they come from, and the first records to look at."""
    head = "".join(f'<th scope="col">{text}</th>' for text in ("", *WORDS.values(), "Unchanged"))
    rows = "".join(_row(found, kind) for kind in RECORD_KINDS)
    table = f'<table class="plain-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    told = "".join(f'<p class="quiet">{escape(note)}</p>' for note in found.notes)
    return f'<div class="scroll" role="region" tabindex="0" aria-label="Differences">{table}</div>{told}{_origins(found)}{_first(found.difference.first)}'


def _row(found: SnapshotComparison, kind: RecordKind) -> str:
    said = found.difference
    if kind not in found.kinds:
        return f'<tr><th scope="row">{kind}</th>{"<td>–</td>" * (len(CHANGE_TYPES) + 1)}</tr>'
    numbers = [*(said.counts.get((kind, how), 0) for how in CHANGE_TYPES), said.same.get(kind, 0)]
    return f'<tr><th scope="row">{kind}</th>{"".join(f"<td>{number:,}</td>" for number in numbers)}</tr>'


def _origins(found: SnapshotComparison) -> str:
    lines = [
        f"{WORDS[how]} rankings by {what}: {_numbers(counted[how])}"
        for what, counted in (("source", found.sources), ("tag", found.tags))
        for how in CHANGE_TYPES
        if counted[how]
    ]
    return "".join(f'<p class="quiet">{escape(line)}</p>' for line in lines)


def _numbers(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)


def _first(changes: Sequence[RecordChange]) -> str:
    """Those that changed first: they are the fewest and say most."""
    order = ("changed", "removed", "added")
    shown = sorted(changes, key=lambda change: order.index(change.how))
    return f'<ul class="changes">{"".join(map(_change, shown))}</ul>' if shown else ""


def _change(change: RecordChange) -> str:
    record = change.after or change.before
    if record is None:
        return ""
    prompt = next((m.content for m in reversed(record.prompt) if m.role == "user"), "")
    sides = [("before", change.before), ("now", change.after)] if change.how == "changed" else [("", record)]
    said = "".join(_said(words, side) for words, side in sides if side is not None)
    what = f"{WORDS[change.how]} {change.kind.removesuffix('s')}"
    return f'<li><span class="badge">{what}</span><p class="plain">{_cut(prompt)}</p>{said}</li>'


def _said(words: str, record: SnapshotRecord) -> str:
    """The replies, best first, each with its place; a thumb for a rating."""
    ordered = sorted(zip(record.places, record.replies, strict=True))
    marks = {"ratings": ("good", "bad"), "demonstrations": ("wrote",)}.get(record.kind)
    items = "".join(
        f'<li><span class="place">{marks[place] if marks else place + 1}</span> {_cut(reply)}</li>'
        for place, reply in ordered
    )
    return f'{f"<p class=quiet>{words}</p>" if words else ""}<ul class="places">{items}</ul>'


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]} …")
