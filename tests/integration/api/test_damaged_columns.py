"""Any value in any column of SQLite's tables is in the way of no list, export or snapshot."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Column, text

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.domain.round import Checkpoint, Round, RoundEvent, RoundState
from feedback_app.store.tables import metadata
from feedback_app.ui.rounds.view import detail
from feedback_app.ui.rounds.view import table as rounds_table
from tests.integration.api.edge_app import Edge, edge_app
from tests.unit.services.reward.live.examples import LONGER_WON, opened
from workers.snapshot import export_rows

pytestmark = pytest.mark.integration

VALUES = ("never", "null", '[{"a": NaN}]', '{"a": [NaN]}', 1e999, b"\xff\xfe")
DATA = (
    *("comparisons", "rankings", "rankings?verdict=damaged", "rankings/consistency", "agreement"),
    *("leaderboard", "export?format=trl", "export?format=backup", "comparisons/c0"),
)
CHATS = ("conversations", "conversations?words=hi", "conversations/talk", "export?format=kto")
ROUNDS = ("rounds", "rounds/estimate", "rounds/held", "rounds/running", "checkpoints", "aliases")
ASKED = {
    **dict.fromkeys(("comparisons", "rankings", "annotations", "withdrawn", "guesses"), DATA),
    **dict.fromkeys(("conversations", "turns", "alternatives"), CHATS),
    **dict.fromkeys(("rounds", "round_events", "checkpoints", "aliases", "promotions"), ROUNDS),
    **dict.fromkeys(("demonstrations", "ratings"), ("export?format=sft", "export?format=kto", *ROUNDS[:2])),
    "preferences": ("preferences", "personas"),
}


COUNTED = ("pairs", "ties")
"""The triggers of the counters add these up."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_app(tmp_path_factory.mktemp("columns")) as edge:
        add_data(edge)
        add_chat(edge)
        add_rounds(edge)
        yield edge


def add_data(edge: Edge) -> None:
    store = edge.built.store
    for name in ("c0", "c1"):
        store.comparisons.add(comparison := opened(int(name[1:]), id=name))
        store.comparisons.rank(name, replace(LONGER_WON, note="fine", edit="Better."), ())
        store.annotations.put(comparison, replace(LONGER_WON, annotator="anna"))
    store.curation.take_out(["c1"], ())
    prompt = (Message("user", "hi"),)
    store.demonstrations.add_all([Demonstration(prompt, "one")])
    store.ratings.add_all([Rating(prompt, "one", True)])
    store.preferences.put({"languages": ["en"]})


def add_chat(edge: Edge) -> None:
    chat = edge.built.services.chat
    talk = chat.begin("base", edge.built.services.default_persona)
    list(chat.say(talk.id, "Hi"))
    list(chat.regenerate(talk.id))
    edge.built.store.conversations.rate(talk.id, 1, 1)


def add_rounds(edge: Edge) -> None:
    store, now = edge.built.store, datetime.now(UTC)
    store.checkpoints.add(Checkpoint("v1", "somewhere"))
    store.checkpoints.promote("v1", "a test")
    store.rounds.add(Round(id="held", state=RoundState.held, started_at=now, finished_at=now))
    store.rounds.add(Round(id="running"))
    claimed = store.rounds.claim("running", "a worker")
    assert claimed is not None
    store.rounds.progress("running", claimed.fence, RoundEvent(1, "train", 1, 2, {"loss": 1.0}, now))


@pytest.mark.parametrize("table", ASKED)
def test_every_list_answers_whatever_a_column_holds(edge: Edge, tmp_path: Path, table: str) -> None:
    client = TestClient(edge.api, base_url="http://127.0.0.1")
    (talk,) = edge.built.services.chat.list()
    for column in metadata.tables[table].columns:
        if column.primary_key or column.foreign_keys or column.name in COUNTED:
            continue
        for value in damaged_rows(edge, table, column):
            for path in ASKED[table]:
                answer = client.get(f"/api/v1/{path.replace('/talk', f'/{talk.id}')}")
                assert answer.status_code < 500, (column.name, value, path)
            read_as_pages_and_workers(edge, tmp_path)


def damaged_rows(edge: Edge, table: str, column: Column[object]) -> Iterator[object]:
    """Put each value into the column of the table's first row in turn, and what was there at the end."""
    with edge.built.store.comparisons.database.read() as connection:
        query = f'SELECT rowid, "{column.name}" FROM {table} ORDER BY rowid LIMIT 1'
        rows = connection.execute(text(query)).all()
    for row, before in rows:
        change = f'UPDATE {table} SET "{column.name}" = :value WHERE rowid = :row'
        for value in VALUES:
            edge.execute(change, value=value, row=row)
            yield value
        edge.execute(change, value=before, row=row)


def read_as_pages_and_workers(edge: Edge, folder: Path) -> None:
    services, store = edge.built.services, edge.built.store
    rounds = services.rounds.list()
    rounds_table(rounds, {})
    for round_ in rounds:
        detail(round_, {})
        services.rounds.events(round_.id)
        services.lineage.of(round_)
    services.readiness.now()
    export_rows(store.training.rows(), 0.5, folder)


@pytest.mark.parametrize("column", ["method", "step", "percent", "config", "metrics"])
def test_a_round_with_such_a_value_is_shown_as_damaged_and_deleted(edge: Edge, column: str) -> None:
    edge.built.store.rounds.add(Round(id="odd", state=RoundState.held))
    edge.execute(f"UPDATE rounds SET {column} = :value WHERE id = 'odd'", value=b"\xff")
    client = TestClient(edge.api, base_url="http://127.0.0.1")
    assert client.get("/api/v1/rounds/odd").json()["damaged"]
    assert client.delete("/api/v1/rounds/odd").status_code == 204


@pytest.mark.parametrize("content", ["never", "[1]", '{"id": 7}', '{"id": "\\ud83d", "name": null}', ""])
def test_a_persona_file_that_cannot_be_read_hides_no_other(edge: Edge, content: str) -> None:
    client = TestClient(edge.api, base_url="http://127.0.0.1")
    before = client.get("/api/v1/personas").json()
    folder = Path(edge.url.removeprefix("sqlite:///")).parent / "personas"
    (folder / "odd.json").write_text(content)
    assert client.get("/api/v1/personas").json() == before
    assert client.get("/api/v1/preferences").status_code == 200
