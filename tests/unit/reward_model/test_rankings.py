"""What a ranking says, and what cannot be learned from."""

from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet
import pytest

from reward_model.rankings import (
    SCHEMA,
    Pair,
    Ranked,
    RewardRefused,
    contradictions,
    informative,
    pairs_of,
    read_rankings,
    repeats,
)

PROMPT = ({"role": "user", "content": "?"},)


def test_a_ranking_is_all_its_pairs_better_first() -> None:
    assert pairs_of(Ranked(PROMPT, ("a", "b", "c"), (1, 0, 1))) == [
        Pair(1, 0),
        Pair(0, 2, tie=True),
        Pair(1, 2),
    ]


def test_two_replies_of_the_same_text_say_nothing() -> None:
    assert pairs_of(Ranked(PROMPT, ("a", " a "), (0, 1))) == []


def test_places_must_fit_the_replies() -> None:
    with pytest.raises(ValueError, match="2 replies and 1 places"):
        Ranked(PROMPT, ("a", "b"), (0,))


@pytest.mark.parametrize(
    ("rankings", "reason"),
    [
        ([], "no rankings"),
        ([Ranked(PROMPT, ("a", "a"), (0, 1))], "no rankings"),
        ([Ranked(PROMPT, ("a", "b"), (0, 0))], "all rankings are ties"),
    ],
)
def test_what_prefers_nothing_is_refused(rankings: list[Ranked], reason: str) -> None:
    with pytest.raises(RewardRefused, match=reason):
        informative(rankings)


def test_pairs_ranked_both_ways_are_counted_once_each() -> None:
    ways = [Ranked(PROMPT, ("a", "b"), (0, 1)), Ranked(PROMPT, ("b", "a"), (0, 1))]
    other = Ranked(({"role": "user", "content": "!"},), ("b", "a"), (0, 1))
    assert contradictions([*ways, *ways]) == 1
    assert contradictions([ways[0], other]) == 0


def test_agreement_with_oneself_is_over_what_one_person_ranked_again() -> None:
    first, turned, other = (
        Ranked(PROMPT, ("a", "b"), (0, 1)),
        Ranked(PROMPT, ("b", "a"), (1, 0)),
        Ranked(PROMPT, ("b", "a"), (0, 1)),
    )
    assert repeats([first, turned]) == (1, 1)
    assert repeats([first, turned, other]) == (1, 2)
    assert repeats([first, Ranked(PROMPT, ("a", "b"), (1, 0), annotator="anna")]) == (0, 0)


def test_rankings_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [Ranked(PROMPT, ("", "你好", "ß"), (2, 0, 1), "heldout", "id", "anna")] * 1001
    table = pyarrow.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)
    pyarrow.parquet.write_table(table, tmp_path / "rankings.parquet")
    assert read_rankings(tmp_path / "rankings.parquet") == rows


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rankings.parquet").write_bytes(b"no parquet")
    with pytest.raises(RewardRefused, match="cannot be read"):
        read_rankings(tmp_path / "rankings.parquet")
