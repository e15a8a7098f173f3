"""Converts a growing sequence of token ids to text, piece by piece and in whole characters."""

from collections.abc import Callable, Sequence
from typing import Literal

from feedback_app.engines.base import Delta

INCOMPLETE = "\ufffd"
"""What a decoder returns for bytes that are not valid UTF-8 (yet)."""


class Detokenizer:
    """The text of a growing token sequence. The pieces, including `flush()`, join to the text of the whole sequence.

    Each piece is decoded together with the one before, because some decoders strip a leading space.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._emitted = 0  # ids[:emitted] are done; ids[emitted:] wait for the rest of a character

    def push(self, token_id: int) -> str:
        """The text that this token completes; empty while a character is incomplete."""
        self._ids.append(token_id)
        text = self._pending()
        return "" if text.endswith(INCOMPLETE) else self._emit(text)

    def flush(self) -> str:
        """The remaining text, even an incomplete character."""
        return self._emit(self._pending())

    def _pending(self) -> str:
        return self._decode(self._ids)[len(self._decode(self._ids[: self._emitted])) :]

    def _emit(self, text: str) -> str:
        self._ids = self._ids[self._emitted :]
        self._emitted = len(self._ids)
        return text


class ReplyStream:
    """One reply in progress: takes token ids and returns deltas, exactly one of which is the last."""

    def __init__(
        self,
        index: int,
        limit: int,
        stop_ids: frozenset[int],
        decode: Callable[[Sequence[int]], str],
        prompt_tokens: int = 0,
    ) -> None:
        self.finished = False
        self._index = index
        self._limit = limit
        self._prompt_tokens = prompt_tokens
        self._written = 0
        self._stop_ids = stop_ids
        self._text = Detokenizer(decode)

    def push(self, token_id: int) -> Delta | None:
        """The delta of this token, if it completes any text or ends the reply."""
        if token_id in self._stop_ids:
            return self.end("stop")
        text = self._text.push(token_id)
        self._written += 1
        if self._written >= self._limit:
            return self.end("length", text)
        return self._delta(text) if text else None

    def end(self, finish: Literal["stop", "length"], text: str = "") -> Delta:
        """The last delta."""
        self.finished = True
        return self._delta(text + self._text.flush(), finish)

    def _delta(self, text: str, finish: Literal["stop", "length"] | None = None) -> Delta:
        return Delta(self._index, text, finish, self._prompt_tokens, self._written)
