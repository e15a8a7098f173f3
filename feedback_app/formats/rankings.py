"""codeLynn's own lossless format: a comparison with its rankings on one line.

Required are `messages`, `candidates` (each with `id` and `text`) and `ranking.groups` (or `ranking.all_bad`). Everything
else has a default, so that rankings made elsewhere are easy to write. `others` holds rankings by other annotators; if
there are any, `ranking` may be null.
"""

from collections.abc import Sequence
from dataclasses import fields as attributes
from datetime import UTC, datetime
from typing import Any, get_args

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    Finish,
    InvalidRanking,
    Ranking,
    Sampling,
    Selection,
    checked_ranking,
    ranking_fault,
)
from feedback_app.domain.documents import ComparisonDocument, comparison_document
from feedback_app.domain.text_rules import LONGEST_REPLIES, MOST_REPLIES, MOST_TAGS
from feedback_app.formats import conversation, fields, unused
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

USED, CANDIDATE, RANKING, SAMPLING = (
    frozenset(attribute.name for attribute in attributes(kind))
    for kind in (Comparison, Candidate, Ranking, Sampling)
)


def dump(comparison: Comparison) -> dict[str, Any]:
    """Raises ValueError for a comparison that nobody ranked."""
    return record_of(comparison_document(comparison))


def record_of(comparison: ComparisonDocument) -> dict[str, Any]:
    """The record that holds the comparison. Raises ValueError for one that nobody ranked."""
    if comparison.ranking is None and not comparison.others:
        raise ValueError("only ranked comparisons are exported")
    record = comparison._asdict()
    if not comparison.others:
        del record["others"]
    return record


def load(record: Record) -> Comparison:
    """A ranked comparison, with its id if the record has one. Raises BadRecord."""
    created_at = _moment(record)
    others = _others(record, created_at)
    decided = None if record.get("ranking") is None and others else fields.required(record, "ranking")
    comparison = Comparison(
        messages=fields.prompt(conversation.turns(fields.required(record, "messages"), "messages")),
        candidates=_candidates(record),
        id=fields.short_name(record, "id", "") or content_id("rankings", record),
        status=ComparisonStatus.open if decided is None else ComparisonStatus.ranked,
        source=fields.short_name(record, "source", "import:rankings"),
        persona=fields.short_name(record, "persona", ""),
        tags=_tags(record),
        ranking=None if decided is None else _ranking(fields.as_object(decided, "ranking"), created_at),
        created_at=created_at,
        others=others,
        repeat_of=fields.short_name(record, "repeat_of", "") or None,
        selection=_selection(record),
    )
    return checked(comparison)


def _selection(record: Record) -> Selection:
    match record.get("selection") or "random":
        case "random":
            return "random"
        case "active":
            return "active"
        case "named":
            return "named"
        case _:
            raise BadRecord("`selection` must be one of: random, active, named")


def checked(comparison: Comparison) -> Comparison:
    """Check that the comparison's rankings are valid. Raises BadRecord."""
    for ranking in (comparison.ranking, *comparison.others):
        try:
            if ranking is not None:
                if fault := ranking_fault(ranking):
                    raise BadRecord(fault)
                checked_ranking(comparison, ranking)
        except InvalidRanking as error:  # its message contains ids from the file
            raise BadRecord("`ranking.groups` must name every candidate exactly once") from error
    return comparison


def _others(record: Record, asked_at: datetime) -> tuple[Ranking, ...]:
    """Rankings by other annotators, one each."""
    listed = fields.as_list(record.get("others") or [], "others")
    others = tuple(_ranking(fields.as_object(value, "others[]"), asked_at) for value in listed)
    if len({other.annotator for other in others}) < len(others):
        raise BadRecord("two of `others` have the same annotator")
    return others


def _candidates(record: Record) -> tuple[Candidate, ...]:
    listed = fields.as_list(fields.required(record, "candidates"), "candidates")
    candidates = tuple(
        _candidate(fields.as_object(value, "candidates[]"), i) for i, value in enumerate(listed, start=1)
    )
    check_replies([candidate.text for candidate in candidates], "candidates")
    if len({candidate.id for candidate in candidates}) < len(candidates):
        raise BadRecord("two candidates have the same id")
    return candidates


def check_replies(texts: Sequence[str], name: str) -> None:
    """Raises BadRecord if there are too many replies or they are too long."""
    if not 2 <= len(texts) <= MOST_REPLIES:
        raise BadRecord(f"`{name}` must be two or more, and at most {MOST_REPLIES:,}")
    if sum(map(len, texts)) > LONGEST_REPLIES:
        raise BadRecord(f"`{name}` together are longer than {LONGEST_REPLIES:,} characters")


def _candidate(record: Record, position: int) -> Candidate:
    finish = record.get("finish", "imported")
    if finish is not None and finish not in get_args(Finish):
        raise BadRecord(f"`finish` must be one of: {', '.join(get_args(Finish))}")
    fields.required(record, "id")
    unused.refuse_unread(record, CANDIDATE, " in `candidates`")
    return Candidate(
        id=fields.short_name(record, "id", ""),
        position=fields.whole_number(record, "position", position),
        model=fields.short_name(record, "model", "imported"),
        text=fields.encodable(fields.as_text(fields.required(record, "text"), "text"), "text"),
        sampling=_sampling(fields.as_object(record.get("sampling") or {}, "sampling")),
        seed=fields.whole_number(record, "seed", 0),
        latency_ms=fields.whole_number(record, "latency_ms", 0),
        finish=finish,
    )


def _sampling(record: Record) -> Sampling:
    unused.refuse_unread(record, SAMPLING, " in `sampling`")
    defaults = Sampling()
    return Sampling(
        temperature=fields.number(record, "temperature", defaults.temperature),
        top_p=fields.number(record, "top_p", defaults.top_p),
        top_k=fields.whole_number(record, "top_k", defaults.top_k),
        max_new_tokens=fields.whole_number(record, "max_new_tokens", defaults.max_new_tokens),
        repetition_penalty=fields.number(record, "repetition_penalty", defaults.repetition_penalty),
    )


def _ranking(record: Record, asked_at: datetime) -> Ranking:
    unused.refuse_unread(record, RANKING, " in `ranking`")
    groups = fields.as_list(record.get("groups") or [], "groups")
    note, edit, seconds = record.get("note"), record.get("edit"), record.get("seconds")
    all_bad = record.get("all_bad")
    return Ranking(
        groups=tuple(_names({"groups[]": group}, "groups[]") for group in groups),
        all_bad=fields.as_bool(False if all_bad is None else all_bad, "all_bad"),
        aspects=_names(record, "aspects"),
        note="" if note is None else fields.as_text(note, "note"),
        edit=None if edit is None else fields.as_text(edit, "edit"),
        annotator=fields.short_name(record, "annotator", "imported"),
        source=fields.short_name(record, "source", "import:rankings"),
        seconds=None if seconds is None else fields.number(record, "seconds", 0.0),
        created_at=_moment(record, asked_at),
    )


def _tags(record: Record) -> tuple[str, ...]:
    tags = _names(record, "tags")
    if len(tags) > MOST_TAGS:
        raise BadRecord(f"`tags` are more than {MOST_TAGS}")
    return tags


def _names(record: Record, name: str) -> tuple[str, ...]:
    return tuple(fields.as_name(value, name) for value in fields.as_list(record.get(name) or [], name))


def _moment(record: Record, default: datetime | None = None) -> datetime:
    """`created_at`, taken as UTC if it names no time zone; now if it is missing."""
    if (value := record.get("created_at")) is None:
        return default or datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(fields.as_text(value, "created_at"))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadRecord("`created_at` must be a date and time in ISO 8601") from error
