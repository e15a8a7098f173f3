"""Conversations as token ids, by the chat template of the model.

Control tokens that a person typed are always encoded as plain text: nobody can forge a turn by writing `<|im_end|>`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from alignment.contract.snapshot import Messages

Tokenizer = Any
"""transformers' PreTrainedTokenizerBase, whose methods are not typed."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Token ids of a prompt and a reply to it; the reply begins at index `start`."""

    ids: tuple[int, ...]
    start: int


def prompt_ids(tokenizer: Tokenizer, messages: Sequence[dict[str, str]]) -> list[int]:
    """Token ids up to where the assistant's reply begins."""
    return _template(tokenizer, messages, add_generation_prompt=True)


def completion(tokenizer: Tokenizer, prompt: Sequence[dict[str, str]], reply: str) -> Completion:
    """Prompt and reply, split where the two stop being the same, as TRL's DPOTrainer does."""
    before = prompt_ids(tokenizer, prompt)
    whole = _template(tokenizer, [*prompt, {"role": "assistant", "content": reply}])
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, whole, strict=False)))
    return Completion(tuple(whole), start)


def before_end(ids: Sequence[int], ends: Sequence[int]) -> Sequence[int]:
    """The ids up to the last end token; all ids where there is none. Only the chat template can write an end token, people cannot."""
    return ids[: max((place for place, token in enumerate(ids) if token in ends), default=len(ids))]


def with_system(system_prompt: str, user: str) -> Messages:
    """A prompt of one user turn, after the system turn if there is one."""
    system = ({"role": "system", "content": system_prompt},) if system_prompt else ()
    return (*system, {"role": "user", "content": user})


def fitting(
    tokenizer: Tokenizer, prompt: Messages, replies: Sequence[str], max_length: int
) -> Messages | None:
    """The prompt with as many of its latest turns as fit with each reply into `max_length` tokens; None if not even the
    last does.

    The oldest turns are removed first; the system turn is never removed.
    """
    system = tuple(turn for turn in prompt[:1] if turn["role"] == "system")
    turns = prompt[len(system) :]
    for dropped in range(len(turns)):
        if turns[dropped]["role"] != "user":
            continue
        shorter = (*system, *turns[dropped:])
        if max(len(completion(tokenizer, shorter, reply).ids) for reply in replies) <= max_length:
            return shorter
    return None


def _template(tokenizer: Tokenizer, messages: Sequence[dict[str, str]], **options: bool) -> list[int]:
    encoded = tokenizer.apply_chat_template(
        list(messages), tokenize=True, return_dict=True, sanitize_control_tokens=True, **options
    )
    return list(encoded["input_ids"])
