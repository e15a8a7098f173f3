"""Hypothesis strategies for our values, with texts that are hard on formats: markers, line ends, all of Unicode."""

import json
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking, Sampling
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import catalogue, container, jsonl
from feedback_app.formats.errors import ImportRefused, LineError, Problems
from feedback_app.formats.jsonl import Limits
from feedback_app.formats.rankings import Finish
from feedback_app.formats.reading import Reading, opened

# Fixed examples, so that a run repeats the last one; no deadline, because the machine may be busy.
REPEATABLE = settings(derandomize=True, deadline=None, max_examples=40)
PIECES = [
    "\n\nHuman:",
    "\n\nAssistant: ",
    "\n\n\\Human:",
    "\n\n\\\\Assistant:",
    "Human: ",
    "\\Human:",
    "\n",
    "\r\n",
    " ",
    "\\",
    "\u2028",
    "\x85",
    '"',
    "\x07",
    "😀",
]
# All that a text may be: any character but NUL (half surrogate pairs are no characters).
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARACTERS, max_size=20) | st.lists(
    st.sampled_from(PIECES) | st.text(CHARACTERS, max_size=4), max_size=8
).map("".join)
FILLED = TEXTS.filter(str.strip)
NAMES = st.from_regex(r"[a-zA-Z0-9_:-]{1,12}", fullmatch=True)


def turns(role: Any) -> st.SearchStrategy[Message]:
    return st.builds(Message, st.just(role), TEXTS)


@st.composite
def prompts(draw: st.DrawFn) -> tuple[Message, ...]:
    """Maybe a system turn, some turns of either side, and the user's."""
    system = draw(st.none() | TEXTS.filter(bool))
    before = draw(st.lists(turns("user") | turns("assistant"), max_size=3))
    start = [] if system is None else [Message("system", system)]
    return (*start, *before, Message("user", draw(FILLED)))


@st.composite
def pairs(draw: st.DrawFn) -> PreferencePair:
    chosen = draw(FILLED)
    rejected = draw(FILLED.filter(lambda text: text != chosen))
    return PreferencePair(draw(prompts()), chosen, rejected, annotator=draw(NAMES), chosen_model=draw(NAMES))


@st.composite
def rankings(draw: st.DrawFn, ids: list[str]) -> Ranking:
    """Any ranking with ties of these candidates."""
    order = draw(st.permutations(ids))
    starts = [0, *sorted(draw(st.sets(st.integers(1, len(ids) - 1)))), len(ids)]
    return Ranking(
        groups=tuple(tuple(order[a:b]) for a, b in pairwise(starts)),
        all_bad=draw(st.booleans()),
        aspects=tuple(draw(st.lists(TEXTS.filter(str.isprintable), max_size=2))),
        note=draw(TEXTS),
        edit=draw(st.none() | TEXTS),
        annotator=draw(NAMES),
        source=draw(NAMES),
        seconds=draw(st.none() | st.floats(0, 1e6)),
        created_at=draw(st.datetimes(timezones=st.just(UTC))),
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    """Ranked comparisons of two to nine candidates."""
    ids = draw(st.lists(NAMES, min_size=2, max_size=9, unique=True))
    sampling = st.builds(
        Sampling, st.floats(0, 2), st.floats(0.01, 1), st.integers(0, 99), st.integers(1, 999)
    )
    finishes: st.SearchStrategy[Finish | None] = st.sampled_from(["stop", "length", "imported", None])
    return Comparison(
        messages=draw(prompts()),
        candidates=tuple(
            Candidate(
                name,
                i,
                draw(NAMES),
                draw(TEXTS),
                draw(sampling),
                draw(st.integers(0, 2**31)),
                i,
                draw(finishes),
            )
            for i, name in enumerate(ids, start=1)
        ),
        id=draw(st.uuids().map(str)),
        status=ComparisonStatus.ranked,
        source=draw(NAMES),
        persona=draw(NAMES),
        tags=tuple(draw(st.lists(NAMES, max_size=2))),
        ranking=draw(rankings(ids)),
        created_at=draw(st.datetimes(timezones=st.just(UTC))),
        others=tuple(draw(st.lists(rankings(ids), max_size=2, unique_by=lambda ranking: ranking.annotator))),
        repeat_of=draw(st.none() | st.uuids().map(str)),
        selection=draw(st.sampled_from(["random", "active", "named"])),
    )


def read_back(record: dict[str, Any], load: Callable[[dict[str, Any]], Any]) -> Any:
    """The value that comes back from the bytes of an export."""
    problems = Problems()
    (value,) = jsonl.read([jsonl.dumped(record)], load, jsonl.Limits(), problems)
    problems.refuse()
    return value


def refused(record: Any, load: Callable[[dict[str, Any]], Any]) -> str:
    """Why a line that holds this JSON is refused."""
    problems = Problems()
    assert not list(jsonl.read([json.dumps(record).encode()], load, jsonl.Limits(), problems))
    return problems.errors[0].reason


def detected(content: bytes) -> str | None:
    """The format that the records of a file show; None where they show none."""
    return catalogue.detected(record for _, record in container.records([content], Limits(), Problems()))


def taken(
    content: bytes | str,
    format: str | None = None,
    ignore: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> tuple[Reading, list[Any]]:
    """A file as an import reads it, in pieces of five bytes, and what it gives. Raises ImportRefused."""
    whole = content.encode() if isinstance(content, str) else content
    pieces = [whole[i : i + 5] for i in range(0, len(whole), 5)]
    reading = opened(pieces, format, limits or Limits(), ignore)
    items = list(reading.items)
    reading.problems.refuse()
    return reading, items


def lines(*records: Any) -> str:
    """Records as JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def why(content: bytes | str, format: str | None = None, ignore: tuple[str, ...] = ()) -> list[LineError]:
    """What is wrong with a file; nothing where it is read."""
    try:
        taken(content, format, ignore)
    except ImportRefused as error:
        return error.errors
    return []
