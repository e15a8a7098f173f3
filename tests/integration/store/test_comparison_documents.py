"""Comparisons as plain documents are what the objects of the domain say, in whatever state the rows are."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from feedback_app.domain.documents import comparison_document, pair_document, pair_documents
from feedback_app.domain.preference import preference_pairs, prompt_key
from feedback_app.store import Store, migrate, open_store
from feedback_app.store.comparison_documents import QUERY
from tests.unit.services.reward.live.examples import LONGER_WON, opened

pytestmark = pytest.mark.integration
COLUMNS = (
    ("comparisons", "messages"),
    ("comparisons", "candidates"),
    ("comparisons", "tags"),
    ("comparisons", "created_at"),
    ("comparisons", "status"),
    ("rankings", "groups"),
    ("rankings", "aspects"),
    ("rankings", "note"),
    ("rankings", "edit"),
    ("rankings", "seconds"),
    ("rankings", "created_at"),
)
ODD = st.one_of(
    st.sampled_from(
        [
            r'"\ud83d"',
            r'"\ud83d\ude00"',
            r'"\u0000"',
            "NaN",
            "1e999",
            "[]",
            "{}",
            "[[]]",
            '["c1"]',
            '[["c2"],["c1"]]',
        ]
    ),
    st.sampled_from(
        ["2024-01-02 03:04:05", "2024-01-02", "2024-W01-1 10:00:00.000000", "never", "", "5", "-5"]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "id"]), inner)
        ),
        max_leaves=4,
    ).map(json.dumps),
)


@pytest.fixture(scope="module")
def odd_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("odd")
    migrate(f"sqlite:///{folder / 'odd.db'}")
    return open_store(f"sqlite:///{folder / 'odd.db'}")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=st.sampled_from(COLUMNS), value=ODD)
def test_an_odd_row_is_read_as_the_objects_are(odd_store: Store, where: tuple[str, str], value: str) -> None:
    comparison = opened(1)
    odd_store.comparisons.add(comparison)
    odd_store.comparisons.rank(comparison.id, LONGER_WON, ())
    table, column = where
    key = "id" if table == "comparisons" else "comparison_id"
    with odd_store.database.write() as connection:
        connection.execute(
            text(f"UPDATE {table} SET {column} = :value WHERE {key} = :id"),
            {"value": value, "id": comparison.id},
        )
    objects = list(odd_store.comparisons.with_rankings())
    documents = [document for document in odd_store.documents.ranked() if document is not None]
    try:
        assert json.dumps(documents) == json.dumps([comparison_document(each) for each in objects])
        pairs = [pair_document(pair) for each in objects for pair in preference_pairs(each)]
        assert [pair for document in documents for pair in pair_documents(document)] == pairs
    finally:
        with odd_store.database.write() as connection:
            connection.execute(text("DELETE FROM comparisons"))


def test_those_of_a_prompt_are_found_by_its_key(store: Store) -> None:
    for number in (1, 2):
        store.comparisons.add(opened(number))
    comparison = opened(3)
    store.comparisons.add(comparison)
    store.comparisons.rank(comparison.id, LONGER_WON, ())
    (document,) = store.documents.of_prompts([prompt_key(comparison.messages)])
    assert document.id == comparison.id


def test_a_batch_is_read_in_the_order_of_an_index(odd_store: Store) -> None:
    with odd_store.database.read() as connection:
        sql = str(QUERY.limit(10).compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert "SCAN comparisons USING INDEX ix_comparisons_created_at_id" in plan
    assert not [step for step in plan if "TEMP B-TREE" in step or step.startswith("SCAN rankings")]
