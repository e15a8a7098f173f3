"""Builds comparisons from published data sets, and describes what has to be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.documents import turns
from feedback_app.formats import fields, rankings
from feedback_app.formats.fields import Record, content_id

Groups = tuple[tuple[str, ...], ...]
FIRST: Groups = (("c1",), ("c2",))
SECOND: Groups = (("c2",), ("c1",))
TIE: Groups = (("c1", "c2"),)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that an import leaves out and counts. The page shows `reason`, which holds none of the file's text."""

    reason: str


@dataclass(frozen=True, slots=True)
class ModelReply:
    text: str
    model: str = "imported"


def build(
    kind: str,
    prompt: Sequence[Message],
    replies: Sequence[ModelReply],
    groups: Groups,
    *,
    all_bad: bool = False,
    note: str = "",
    annotator: str = "imported",
    others: Mapping[str, tuple[Groups, str]] | None = None,
) -> Comparison:
    """A ranked comparison of the candidates c1, c2, … in this order. `others` maps annotators to groups and a note. The id is
    computed from the content, so that importing the same comparison again adds nothing. Raises BadRecord."""
    messages = fields.prompt(prompt)
    content = {"prompt": turns(messages), "replies": [reply.text for reply in replies], "groups": groups}
    source = f"import:{kind}"
    rankings.check_replies([reply.text for reply in replies], "replies")
    built = Comparison(
        messages=messages,
        candidates=tuple(
            Candidate(f"c{i}", i, reply.model, fields.encodable(reply.text, "reply"), finish="imported")
            for i, reply in enumerate(replies, start=1)
        ),
        id=content_id(kind, {**content, "all_bad": all_bad, "annotator": annotator}),
        status=ComparisonStatus.ranked,
        source=source,
        ranking=Ranking(groups, all_bad=all_bad, note=note, annotator=annotator, source=source),
        others=tuple(
            Ranking(their_groups, note=their_note, annotator=name, source=source)
            for name, (their_groups, their_note) in (others or {}).items()
        ),
    )
    return rankings.checked(built)


def by_score(scores: Sequence[float]) -> Groups:
    """Groups of candidates by score, highest first; equal scores are a tie."""
    return tuple(
        tuple(f"c{i}" for i, score in enumerate(scores, start=1) if score == place)
        for place in sorted(set(scores), reverse=True)
    )


def model(record: Record, name: str) -> str:
    """The name of a model, or `imported` if there is none. Raises BadRecord."""
    return fields.short_name(record, name, "imported") or "imported"
