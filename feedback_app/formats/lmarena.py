"""LMArena's published votes: `model_a`, `model_b`, `winner` and both conversations. Read only.

https://huggingface.co/datasets/lmarena-ai/arena-human-preference-140k, https://huggingface.co/datasets/lmsys/chatbot_arena_conversations
"""

from collections.abc import Sequence

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.formats import comparisons, conversation, fields
from feedback_app.formats.comparisons import FIRST, SECOND, TIE, LeftOut, ModelReply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

USED = frozenset(
    {"model_a", "model_b", "winner", "conversation_a", "conversation_b", "judge"}
    # How the vote was made, and automatic labels.
    | {
        "evaluation_session_id",
        "evaluation_order",
        "full_conversation",
        "conv_metadata",
        "category_tag",
        "category_tags",
    }
    | {
        "occupational_tags",
        "is_code",
        "is_refusal",
        "anony",
        "openai_moderation",
        "toxic_chat_tag",
        "dedup_tag",
    }
)
WINNERS = {
    "model_a": (FIRST, False),
    "model_b": (SECOND, False),
    "tie": (TIE, False),
    "tie (bothbad)": (TIE, True),
    "both_bad": (TIE, True),
    "bothbad": (TIE, True),
}
DIVERGED = LeftOut("vote on conversations that differ before the last reply")


def load(record: Record) -> Comparison | LeftOut:
    """The last replies of both conversations, ranked by the vote. Raises BadRecord."""
    winner = fields.as_text(fields.required(record, "winner"), "winner")
    if winner not in WINNERS:
        raise BadRecord("`winner` must be one of: model_a, model_b, tie, both_bad")
    groups, all_bad = WINNERS[winner]
    sides = [
        conversation.turns(fields.required(record, f"conversation_{side}"), f"conversation_{side}")
        for side in "ab"
    ]
    models = [comparisons.model(record, f"model_{side}") for side in "ab"]
    annotator = fields.short_name(record, "judge", "imported") or "imported"
    return vote("lmarena", sides, models, groups, all_bad=all_bad, annotator=annotator)


def vote(
    kind: str,
    sides: Sequence[Sequence[Message]],
    models: Sequence[str],
    groups: comparisons.Groups,
    *,
    all_bad: bool,
    annotator: str = "imported",
) -> Comparison | LeftOut:
    """A vote between the last replies of two conversations. It is left out if the conversations differ earlier, because the
    replies then have different prompts. Raises BadRecord."""
    for messages in sides:
        if not messages or messages[-1].role != "assistant":
            raise BadRecord("a conversation must end with the assistant's reply")
    first, second = sides
    if tuple(first[:-1]) != tuple(second[:-1]):
        return DIVERGED
    replies = [ModelReply(messages[-1].content, model) for messages, model in zip(sides, models, strict=True)]
    return comparisons.build(kind, first[:-1], replies, groups, all_bad=all_bad, annotator=annotator)
