"""Kept counters are what counting would find, whatever is written, on both databases."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from feedback_app.domain.comparison import ComparisonStatus, InvalidRanking, Message, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.preference import Demonstration, Rating, first_training_key, split_of_key
from feedback_app.store import ComparisonNotFound, Store
from feedback_app.store.imports import Records
from feedback_app.store.migration import downgrade, upgrade
from feedback_app.store.outbox import outbox
from feedback_app.store.tables import annotations, comparisons, rankings
from tests.integration.store.examples import FIRST_BEST, answered, asked, shown, together

RANKINGS = (
    FIRST_BEST,
    Ranking((("c2",), ("c1",)), edit="Rain is water."),
    Ranking((("c1", "c2"),)),
    Ranking((), all_bad=True),
)
ANNOTATORS = ("anna", "bert")
DESKS = ("argilla",)
SOURCES = {
    "comparisons": comparisons.c.status,
    "annotators": rankings.c.annotator,
    "others": annotations.c.annotator,
}


class Writer:
    """Writes at random, as the arena, the desks, imports and the Data page do."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.draw = store, random.Random(seed)

    def step(self) -> None:
        write = self.draw.choice(
            [
                self._add, self._import, self._rank, self._rank, self._unrank, self._skip, self._fail, self._annotate,
                self._annotate, self._forget, self._take_out, self._bring_back, self._delete, self._guess, self._deliver,
                self._unpaired, self._fold,
            ]
        )  # fmt: skip
        try:
            write()
        except (InvalidRanking, ComparisonNotFound):
            return

    def _one(self) -> str:
        return str(self.draw.randrange(30))

    def _some(self) -> list[str]:
        return [self._one() for _ in range(3)]

    def _add(self) -> None:
        new = asked(f"Question {self.draw.random()}", id=self._one())
        self.store.comparisons.add(new)
        if self.draw.random() < 0.7:
            self.store.comparisons.fill(new.id, answered(new), DESKS)

    def _import(self) -> None:
        new = [shown(f"Imported {self.draw.random()}", id=name) for name in self._some()]
        ranked = replace(new[0], ranking=self.draw.choice(RANKINGS), status=ComparisonStatus.ranked)
        others = tuple(replace(FIRST_BEST, annotator=name, source="import") for name in ANNOTATORS)
        started = self.store.imports.begin()
        self.store.imports.add(started, Records([ranked, replace(new[1], others=others), new[2]]), DESKS)

    def _rank(self) -> None:
        self.store.comparisons.rank(self._one(), self.draw.choice(RANKINGS), DESKS)

    def _unrank(self) -> None:
        self.store.comparisons.unrank(self._one(), DESKS)

    def _skip(self) -> None:
        self.store.comparisons.skip(self._one(), DESKS)

    def _fail(self) -> None:
        self.store.comparisons.fail(self._one())

    def _annotate(self) -> None:
        comparison = self.store.comparisons.get(self._one())
        ranking = replace(
            self.draw.choice(RANKINGS), annotator=self.draw.choice(ANNOTATORS), source="argilla"
        )
        self.store.annotations.put(comparison, ranking)

    def _forget(self) -> None:
        self.store.annotations.remove(self._one(), self.draw.choice(ANNOTATORS))

    def _take_out(self) -> None:
        self.store.curation.take_out(self._some(), DESKS)

    def _bring_back(self) -> None:
        self.store.curation.bring_back(self._some(), DESKS)

    def _delete(self) -> None:
        self.store.curation.delete([self._one()], DESKS)

    def _guess(self) -> None:
        guess = Guess(self._one(), (0.7, 0.3), 3)
        self.store.guesses.put(guess)
        self.store.guesses.mark(replace(guess, correct=self.draw.choice((None, 0.0, 0.5, 1.0))))

    def _deliver(self) -> None:
        with self.store.database.read() as connection:
            ids = list(connection.execute(select(outbox.c.id).limit(3)).scalars())
        self.store.outbox.delivered(ids[1:])
        for item in ids[:1]:
            self.store.outbox.refused(item, "no")

    def _unpaired(self) -> None:
        prompt = (Message("user", self._one()),)
        self.store.ratings.add_all([Rating(prompt, "yes", self.draw.random() < 0.5)])
        self.store.demonstrations.add_all([Demonstration(prompt, "yes")])

    def _fold(self) -> None:
        self.store.counters.fold()


def assert_counted(store: Store) -> None:
    """Every counter against the rows that it counts."""
    with store.database.read() as connection:
        for name, column in SOURCES.items():
            rows = connection.execute(select(column, func.count()).group_by(column))
            assert store.counters.by_bucket(name) == {row[0]: row[1] for row in rows}, name
        stored = connection.execute(select(rankings)).mappings().all()
        sums = {
            "pairs": sum(row["pairs"] for row in stored),
            "ties": sum(row["ties"] for row in stored),
            "all_bad": sum(row["all_bad"] for row in stored),
            "edits": sum(row["edit"] is not None for row in stored),
        }
        unpaired = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("ratings", "demonstrations")
        }
        answers = Counter(
            {None: "open", 0.0: "wrong", 0.5: "tie", 1.0: "right"}[correct]
            for correct in connection.execute(text("SELECT correct FROM guesses")).scalars()
        )
        queued = Counter(connection.execute(select(outbox.c.refused)).scalars())
    assert store.counters.totals([*sums, *unpaired]) == sums | unpaired
    assert {name: number for name, number in store.guesses.counts().items() if number} == answers
    assert store.outbox.counts() == store.outbox.counts("argilla")
    assert store.outbox.counts() == {"pending": queued[False], "refused": queued[True]}
    for fraction in (0.0, 0.1, 0.5, 1.0):
        assert store.counters.pairs_from(first_training_key(fraction)) == training_pairs(store, fraction)


def training_pairs(store: Store, fraction: float) -> int:
    """Counted by reading every ranking that counts."""
    ranked = select(rankings.c.comparison_id)
    queries = (
        select(comparisons.c.prompt_key, rankings.c.pairs).join_from(comparisons, rankings),
        select(comparisons.c.prompt_key, annotations.c.pairs)
        .join_from(comparisons, annotations)
        .where(comparisons.c.id.not_in(ranked)),
    )
    with store.database.read() as connection:
        rows = [row for query in queries for row in connection.execute(query)]
    return sum(pairs for key, pairs in rows if split_of_key(key, fraction) == "train")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_kept_counters_are_what_counting_finds_after_any_writes(store: Store, seed: int) -> None:
    writer = Writer(store, seed)
    for _ in range(40):
        writer.step()
    assert_counted(store)


def test_the_migration_counts_what_is_stored_already(store: Store) -> None:
    writer = Writer(store, 7)
    for _ in range(200):
        writer.step()
    with store.database.write() as connection:
        downgrade(connection, "0014")
        upgrade(connection)
    assert_counted(store)


def test_rankings_given_at_the_same_moment_are_all_counted(store: Store) -> None:
    new = [shown(f"Question {i}", id=str(i)) for i in range(8)]
    store.comparisons.add_all(new)

    def both(number: int) -> None:
        anna = replace(FIRST_BEST, annotator="anna", source="argilla")
        one = new[number // 2]
        if number % 2:
            store.comparisons.rank(one.id, FIRST_BEST, ())
        else:
            store.annotations.put(one, anna)

    together(16, both)
    assert_counted(store)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.999, 1.0])
def test_the_first_training_key_parts_the_prompts_as_the_split_does(fraction: float) -> None:
    draw = random.Random(1)
    first = first_training_key(fraction)
    keys = [f"{draw.randrange(16**64):064x}" for _ in range(200)] + [f"{first[:8]:0<64}"] * (fraction < 1)
    assert [key >= first for key in keys] == [split_of_key(key, fraction) == "train" for key in keys]
