"""The language of text queries: words, "phrases", prefix*, -not, a | b, (groups).

It is Elasticsearch's `simple_query_string` with AND between words: operators bind alike, from left to right, so
`a b | c d` means ((a and b) or c) and d. Anything can be typed: what is unbalanced or has no word in it is left out.
"""

import re
from dataclasses import dataclass

from codelynn_argilla.scripts import is_searchable

DEEPEST = 6  # groups within groups; further parentheses are ignored
MOST_TURNS = 16  # from `and` to `or` or back: each nests the SQL deeper, and SQLite's parser has a limit
MOST_WORDS = 128  # words and phrases; the query ends after them. SQL expressions have a limit too.

_TOKEN = re.compile(r'(?:\\.|[^\s"|+()\\])+|\\', re.DOTALL)
_PHRASE = re.compile(r'"((?:\\.|[^"\\])*)"(?:~\d+)?', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FUZZY = re.compile(r"(?<!\\)~\d*$")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Words:
    """Words in this order, the last one as a prefix if `prefix`."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Without parts it is true of every record."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Node", ...]


Node = Words | Not | AllOf | AnyOf
EVERYTHING = AllOf(())


def parse(query: str) -> Node | None:
    """The meaning of a query; None if it asks for nothing."""
    text = _UNSTORABLE.sub(" ", query)
    return EVERYTHING if text.strip() == "*" else _Parser(text).sequence(0)


def wanted(node: Node | None) -> list[Words]:
    """The words that a match may have, and not those that it must not have: they make the score."""
    if isinstance(node, Words):
        return [node]
    if isinstance(node, AllOf | AnyOf):
        return [words for part in node.parts for words in wanted(part)]
    return []


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.words = 0
        self.turns = 0

    def sequence(self, depth: int) -> Node | None:
        """Operands up to the end of the text, or past the parenthesis that closes this group."""
        found: Node | None = None
        either: bool | None = None  # the operator before the next operand: `|`, `+`, or none yet
        while self.at < len(self.text) and self.words < MOST_WORDS and self.turns < MOST_TURNS:
            sign = self.text[self.at]
            if sign == ")" and depth:
                self.at += 1
                return found
            if sign in "|+" and found is not None and either is None:
                either = sign == "|"
            operand = self._operand(depth)
            if operand is not None:
                kind = AnyOf if either else AllOf
                self.turns += found is not None and not isinstance(found, kind)
                found = _joined(found, operand, kind)
                either = None
        return found

    def _operand(self, depth: int) -> Node | None:
        """One word, phrase or group with its signs of negation; None where there is none."""
        start = self.at
        while self.text.startswith("-", self.at):
            self.at += 1
        negated = (self.at - start) % 2 == 1
        node = self._group(depth) if self.text.startswith("(", self.at) else self._leaf()
        return Not(node) if node is not None and negated else node

    def _group(self, depth: int) -> Node | None:
        self.at += 1
        return self.sequence(depth + 1) if depth < DEEPEST else None

    def _leaf(self) -> Words | None:
        if match := _PHRASE.match(self.text, self.at):
            words = Words(_plain(match[1]))
        elif match := _TOKEN.match(self.text, self.at):
            words = _word(match[0])
        else:
            self.at += 1  # a space, a lone quote, an operator that has been seen, a parenthesis too many
            return None
        self.at = match.end()
        if not is_searchable(words.text):
            return None
        self.words += 1
        return words


def _word(token: str) -> Words:
    exact = _FUZZY.sub("", token)  # spelling variants are not looked for
    stem = exact.rstrip("*")
    if stem == exact or stem.endswith("\\"):  # an escaped star is a star
        return Words(_plain(exact))
    return Words(_plain(stem), prefix=True)


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _joined(left: Node | None, right: Node, kind: type[AllOf] | type[AnyOf]) -> Node:
    if left is None:
        return right
    parts = left.parts if isinstance(left, kind) else (left,)
    return kind((*parts, right))
