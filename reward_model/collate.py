"""Encodes conversations as token ids, and packs many of them into one row in which no prefix is computed twice.

Texts with a common prefix (the system turn, the prompt of a ranking) share its tokens. The row is a tree: a token attends to its
ancestors, and its position is its depth. There is no padding.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from reward_model.rankings import Messages

Tokenizer = Any
"""transformers' PreTrainedTokenizerBase, whose methods are not typed."""


@dataclass(frozen=True, slots=True)
class Text:
    """Token ids of a prompt and a reply, without the tokens that close the turn of the reply. The reply is `ids[start:]` and never empty:
    an empty reply is represented by the token that ends its turn."""

    ids: tuple[int, ...]
    start: int
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """Several texts in one row of T tokens.

    `ids` and `positions`: [1, T]; `mask`: [1, 1, T, T], true where the token of the row sees the token of the column;
    `pool`: [texts, T], whose product with the hidden states is their mean over each reply; `last`: [texts], where in the
    row each reply has its last token.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    pool: torch.Tensor
    last: torch.Tensor


def encode(tokenizer: Tokenizer, prompt: Messages, reply: str, max_length: int) -> Text:
    """A prompt and a reply to it in at most `max_length` tokens.

    A longer text is cut in this order: its oldest turns (never the system turn or the last user turn), the end of the
    reply down to half of `max_length`, the beginning of the last user turn. Control tokens that a person typed are plain
    text. An unpaired surrogate, which tokenizers refuse, becomes U+FFFD.
    """
    prompt, reply = _clean_turns(prompt), _clean(reply)
    text = _encode(tokenizer, prompt, reply)
    if len(text.ids) <= max_length:
        return text
    shorter = _without_oldest(prompt)

    def fits(index: int) -> bool:
        return len(_encode(tokenizer, shorter[index], reply).ids) <= max_length

    # Binary search: dropping more turns never makes the text longer, and a conversation may have hundreds of turns.
    dropped = bisect_left(range(len(shorter)), True, key=fits)
    text = _encode(tokenizer, shorter[min(dropped, len(shorter) - 1)], reply)
    if len(text.ids) > max_length:
        text = _cut(tokenizer, shorter[-1], text, max_length)
    return replace(text, truncated=True)


def _encode(tokenizer: Tokenizer, prompt: Messages, reply: str) -> Text:
    before = _template(tokenizer, prompt, add_generation_prompt=True)
    whole = _template(tokenizer, (*prompt, {"role": "assistant", "content": reply}))
    closed = _template(tokenizer, (*prompt, {"role": "assistant", "content": ""}))
    start = _shared(before, whole)
    closing = closed[_shared(before, closed) :]
    end = len(whole) - len(closing) if closing and whole[-len(closing) :] == closing else len(whole)
    # Nothing that follows the reply is read: only an empty one needs the end of its turn.
    start = min(start, len(whole) - 1)
    return Text(tuple(whole[: max(end, start + 1)]), start)


def _without_oldest(prompt: Messages) -> list[Messages]:
    """The prompt with ever fewer of its oldest turns, down to the system turn and the last user turn."""
    system = tuple(turn for turn in prompt[:1] if turn["role"] == "system")
    turns = prompt[len(system) :]
    starts = [index for index, turn in enumerate(turns) if turn["role"] == "user"]
    return [(*system, *turns[index:]) for index in starts] or [prompt]


def _cut(tokenizer: Tokenizer, prompt: Messages, text: Text, max_length: int) -> Text:
    """Cut the end of the reply, then the beginning of the last turn, then (with a very long system turn) the beginning of everything."""
    before = text.ids[: text.start]
    reply = text.ids[text.start :][: max(max_length - text.start, max_length // 2)]
    excess = len(before) + len(reply) - max_length
    if excess > 0:
        empty = _template(
            tokenizer, (*prompt[:-1], {**prompt[-1], "content": ""}), add_generation_prompt=True
        )
        head = _shared(before, empty)
        tail = min(_shared(before[::-1], empty[::-1]), len(before) - head)
        turn = before[head : len(before) - tail][excess:]
        before = before[:head] + turn + before[len(before) - tail :]
        before = before[max(0, len(before) + len(reply) - max_length) :]
    return Text(before + reply, len(before))


def _template(tokenizer: Tokenizer, messages: Messages, **options: bool) -> list[int]:
    encoded = tokenizer.apply_chat_template(
        list(messages), tokenize=True, return_dict=True, sanitize_control_tokens=True, **options
    )
    return list(encoded["input_ids"])


def _clean_turns(prompt: Messages) -> Messages:
    return tuple({"role": turn["role"], "content": _clean(turn["content"])} for turn in prompt)


def _clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def pack(texts: Sequence[Text], device: str = "cpu") -> Packed:
    """All texts in one row, each shared beginning once. `pool` and `last` keep the order of `texts`."""
    branches = list(_branches(texts))
    size = branches[-1].first + branches[-1].new
    ids, positions = torch.empty(size, dtype=torch.long), torch.empty(size, dtype=torch.long)
    mask = torch.zeros((size, size), dtype=torch.bool)
    pool, last = torch.zeros((len(texts), size)), torch.empty(len(texts), dtype=torch.long)
    for branch in branches:
        text, shared = texts[branch.text], len(branch.path) - branch.new
        row = slice(branch.first, branch.first + branch.new)
        ids[row] = torch.tensor(text.ids[shared:], dtype=torch.long)
        positions[row] = torch.arange(shared, len(text.ids))
        mask[row, branch.path[:shared]] = True
        mask[row, row] = torch.ones((branch.new, branch.new), dtype=torch.bool).tril()
        pool[branch.text, branch.path[text.start :]] = 1 / (len(text.ids) - text.start)
        last[branch.text] = branch.path[-1]
    row_of = ids[None], positions[None], mask[None, None], pool, last
    return Packed(*(tensor.to(device) for tensor in row_of))


@dataclass(frozen=True, slots=True)
class _Branch:
    """Where text number `text` lies in the row: at the indices `path`, of which the last `new` are its own and begin at
    `first`."""

    text: int
    path: list[int]
    first: int
    new: int


def _branches(texts: Sequence[Text]) -> Iterator[_Branch]:
    """In the order of their ids, where a text shares most with the one before it."""
    path: list[int] = []
    before: Sequence[int] = ()
    size = 0
    for index in sorted(range(len(texts)), key=lambda index: texts[index].ids):
        ids = texts[index].ids
        shared = _shared(before, ids)
        new = len(ids) - shared
        path = path[:shared] + list(range(size, size + new))
        yield _Branch(index, path, size, new)
        before, size = ids, size + new


def packed_size(texts: Sequence[Text]) -> int:
    """The number of tokens in the row of these texts."""
    return sum(branch.new for branch in _branches(texts))


def chunks(texts: Sequence[Text], tokens: int) -> Iterator[list[int]]:
    """Indices of texts that share most, in rows of at most `tokens` tokens (or one text)."""
    chunk: list[int] = []
    before: Sequence[int] = ()
    size = 0
    for index in sorted(range(len(texts)), key=lambda index: texts[index].ids):
        ids = texts[index].ids
        new = len(ids) - _shared(before, ids)
        if chunk and size + new > tokens:
            yield chunk
            chunk, size, new = [], 0, len(ids)
        chunk.append(index)
        size, before = size + new, ids
    if chunk:
        yield chunk


def _shared(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))
