"""Who wrote the earlier replies of a conversation in the arena: each was a comparison of its own."""

from collections import defaultdict
from dataclasses import dataclass

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import prompt_key
from feedback_app.store import Store

EDIT = "edit"


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """The ranked comparison that a reply comes from. `reply` is the candidate's id, or `edit` for the owner's own version."""

    comparison: Comparison
    reply: str


def earlier_turns(store: Store, comparison: Comparison) -> dict[int, EarlierTurn]:
    """The turns of its conversation that were ranked in the arena, by the index of the reply among its messages."""
    replies = [i for i, message in enumerate(comparison.messages) if message.role == "assistant"]
    if not replies:
        return {}
    keys = {i: prompt_key(comparison.messages[:i]) for i in replies}
    ranked = store.prompts.ranked(list(keys.values()))
    by_key: defaultdict[str, list[Comparison]] = defaultdict(list)
    for one in ranked:
        by_key[prompt_key(one.messages)].append(one)
    found = {i: _origin(by_key[key], comparison.messages[i]) for i, key in keys.items()}
    return {i: turn for i, turn in found.items() if turn is not None}


def _origin(ranked: list[Comparison], message: Message) -> EarlierTurn | None:
    """The newest of these comparisons that has the message as a reply."""
    for comparison in reversed(ranked):
        if comparison.ranking is not None and comparison.ranking.edit == message.content:
            return EarlierTurn(comparison, EDIT)
        for candidate in comparison.candidates:
            if candidate.text == message.content:
                return EarlierTurn(comparison, candidate.id)
    return None
