"""Fits a conversation into the model's context window, and disarms forged control tokens in it. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence

from feedback_app.domain.comparison import Message, PromptTooLong

Encode = Callable[[Sequence[Message]], list[int]]
"""Renders and tokenises a conversation up to the beginning of the assistant's reply."""

CUT = "\ue000"
"""A private-use character that marks a place where text must be tokenised in two pieces."""


def fit_window(messages: Sequence[Message], encode: Encode, limit: int) -> list[int]:
    """The token ids of the conversation, at most `limit`. The oldest turns are dropped, but never the system turn.

    The result begins with a user's turn, because many templates require it.
    Raises PromptTooLong if the last turn alone is too long.
    """
    system = tuple(messages[:1]) if messages and messages[0].role == "system" else ()
    turns = tuple(messages[len(system) :])
    while len(ids := encode((*system, *turns))) > limit:
        turns = without_oldest(turns)
        if not turns:
            over = f"{len(ids) - limit:,} tokens"
            raise PromptTooLong(
                f"the prompt is {over} longer than the model can read ({limit:,} tokens): shorten it"
            )
    return ids


def prompt_limit(window: int, max_new_tokens: int) -> int:
    """The maximum tokens of a prompt so that the reply fits too. Half of the window is always reserved for the prompt."""
    return window - min(max_new_tokens, window // 2)


def control_pattern(tokens: Iterable[str]) -> re.Pattern[str]:
    """Matches one character wherever a control token begins, even inside another one."""
    longest_first = sorted(tokens, key=len, reverse=True)
    beginnings = "|".join(re.escape(token) for token in longest_first) or "(?!)"
    return re.compile(f"(?={beginnings}).", re.DOTALL)


def disarmed(text: str, control: re.Pattern[str]) -> str:
    """The text with a CUT after the first character of each control token.

    The pieces between the cuts are tokenised separately and cannot produce a control token.
    """
    return control.sub(lambda match: match.group() + CUT, text.replace(CUT, ""))


def without_oldest(turns: tuple[Message, ...]) -> tuple[Message, ...]:
    """The turns from the second user's turn on."""
    later = (place for place, turn in enumerate(turns[1:], start=1) if turn.role == "user")
    return turns[next(later, len(turns)) :]
