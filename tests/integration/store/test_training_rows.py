"""The rows that a snapshot is written from say what the comparisons say that are read as a whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import text

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.training_row import training_row
from feedback_app.store import Store

pytestmark = pytest.mark.integration
TEXTS = (
    "plain",
    'a "quoted"\nline',
    "Übung mit ß",
    "\U0001f600 smile",
    "\\ud83d spelled out",
    "",
    "x" * 5000,
    "null",
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAMAGES = (
    "UPDATE comparisons SET messages = '[]' WHERE id = :id",
    'UPDATE comparisons SET candidates = \'[{"id": "c0"}]\' WHERE id = :id',
    "UPDATE comparisons SET tags = '{}' WHERE id = :id",
    "UPDATE rankings SET groups = '[[\"c0\"]]' WHERE comparison_id = :id",
    "UPDATE rankings SET note = '\"\\ud800\"' WHERE comparison_id = :id",
)


def drawn(random: Random, number: int) -> Comparison:
    ids = [f"c{place}" for place in range(random.randint(2, 4))]
    candidates = tuple(
        Candidate(
            name, place, "base", random.choice(TEXTS), finish=random.choice(("stop", "length", "imported"))
        )
        for place, name in enumerate(ids)
    )
    system = (Message("system", random.choice(TEXTS)),) * random.randint(0, 1)
    others = tuple(ranking(random, ids, who) for who in ("anna", "ben") if random.random() < 0.3)
    decided = ranking(random, ids, "owner") if random.random() < 0.8 else None
    return Comparison(
        messages=(*system, Message("user", f"{random.choice(TEXTS)} {number}")),
        candidates=candidates,
        id=f"id {number}",
        status=ComparisonStatus.ranked if decided else ComparisonStatus.open,
        tags=("mild",) * random.randint(0, 1),
        ranking=decided,
        others=others,
        created_at=BEGIN + timedelta(seconds=number // 3),
    )


def ranking(random: Random, ids: list[str], who: str) -> Ranking:
    shuffled = random.sample(ids, len(ids))
    cut = random.randint(1, len(ids))
    groups = tuple(tuple(group) for group in (shuffled[:cut], shuffled[cut:]) if group)
    edit = random.choice((None, None, "", "Better.", *TEXTS))
    return Ranking(groups, all_bad=random.random() < 0.2, note=random.choice(TEXTS), edit=edit, annotator=who)


def by_whole(store: Store) -> list[object]:
    return [plain(training_row(each)) for each in store.comparisons.with_rankings()]


def plain(row: object) -> object:
    """A row as one value that compares lists and tuples alike."""
    return repr(row).replace("(", "[").replace(")", "]").replace(",]", "]")


def by_rows(store: Store) -> list[object]:
    return [plain(row) for batch in store.training.rows() for row in batch]


@pytest.mark.parametrize("seed", range(4))
def test_plain_rows_say_the_same_as_whole_comparisons(
    store: Store, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedback_app.store.training_rows.BATCH", 7)
    random = Random(seed)
    store.comparisons.add_all([drawn(random, number) for number in range(60)])
    assert by_rows(store) == by_whole(store)
    assert len(by_rows(store)) > 40


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_left_out_as_elsewhere(store: Store, damage: str) -> None:
    random = Random(1)
    comparisons = [drawn(random, number) for number in range(12)]
    decided = [one for one in comparisons if one.ranking]
    store.comparisons.add_all([*comparisons, replace(decided[0], id="another")])
    with store.database.write() as connection:
        connection.execute(text(damage), {"id": decided[0].id})
    assert by_rows(store) == by_whole(store)
    assert not any(decided[0].id in str(row) for row in by_rows(store))
