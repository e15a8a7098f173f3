"""Open Assistant's conversation trees, one per line: every set of sibling replies that people ranked. Read only.

https://github.com/LAION-AI/Open-Assistant (trees as its exporter writes them)
"""

from collections.abc import Iterator, Sequence

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking, Role
from feedback_app.domain.documents import turns
from feedback_app.formats import fields, unused
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

DEEPEST = 100
ROLES: dict[str, Role] = {"prompter": "user", "assistant": "assistant"}
SOURCE = "import:oasst"
USED = frozenset({"message_tree_id", "tree_state", "prompt"})
_MESSAGE = """
message_id parent_id user_id created_date text role lang review_count review_result deleted rank synthetic model_name
emojis replies labels detoxify events message_tree_id tree_state
"""
MESSAGE = frozenset(_MESSAGE.split())
"""The fields of a message in a tree: ExportMessageNode of oasst-data."""


def load(record: Record) -> list[Comparison]:
    """One comparison for each ranked set of replies in a tree, beginning at the root. Raises BadRecord."""
    root = fields.as_object(fields.required(record, "prompt"), "prompt")
    return list(_sets(root, ()))


def _sets(node: Record, before: tuple[Message, ...]) -> Iterator[Comparison]:
    """The comparisons below a message. A deleted message is left out with everything below it."""
    if _deleted(node):
        return
    unused.refuse_unread(node, MESSAGE, " in a message")
    if len(before) == DEEPEST:
        raise BadRecord("is nested too deeply")
    messages = (*before, *fields.messages([node], "prompt", "role", "text", ROLES))
    listed = fields.as_list(node.get("replies") or [], "replies")
    replies = [fields.as_object(reply, "replies[]") for reply in listed]
    ranked = [reply for reply in replies if _ranked(reply)]
    if len(ranked) > 1:
        yield _comparison(messages, ranked)
    for reply in replies:
        yield from _sets(reply, messages)


def _deleted(node: Record) -> bool:
    return fields.as_bool(node.get("deleted") or False, "deleted")


def _ranked(reply: Record) -> bool:
    return reply.get("role") == "assistant" and reply.get("rank") is not None and not _deleted(reply)


def _comparison(messages: Sequence[Message], replies: Sequence[Record]) -> Comparison:
    prompt = fields.prompt(messages)
    texts, ranks = [_text(reply) for reply in replies], [_rank(reply) for reply in replies]
    content = {"prompt": turns(prompt), "replies": texts, "ranks": ranks}
    return Comparison(
        messages=prompt,
        candidates=tuple(
            Candidate(f"c{i}", i, fields.short_name(reply, "model_name", "imported"), text, finish="imported")
            for i, (reply, text) in enumerate(zip(replies, texts, strict=True), start=1)
        ),
        id=content_id("oasst", content),
        status=ComparisonStatus.ranked,
        source=SOURCE,
        ranking=Ranking(_groups(ranks), annotator="imported", source=SOURCE),
    )


def _text(reply: Record) -> str:
    return fields.encodable(fields.as_text(fields.required(reply, "text"), "text"), "text")


def _rank(reply: Record) -> int:
    rank = reply["rank"]
    if isinstance(rank, bool) or not isinstance(rank, int):
        raise BadRecord("`rank` must be a whole number")
    return rank


def _groups(ranks: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """Groups of candidates by rank; the lowest rank is the best and comes first."""
    return tuple(
        tuple(f"c{i}" for i, rank in enumerate(ranks, start=1) if rank == place)
        for place in sorted(set(ranks))
    )
