"""Records that an older version stored with text that no text may be: shown, found and deleted, and in nobody's way."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from feedback_app.cli import app as cli
from feedback_app.desks.records import desk_record
from feedback_app.domain.comparison import Ranking
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.domain.round import Checkpoint, Round, RoundState
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.services.dataset.dataset import FORMATS
from feedback_app.services.dataset.unpaired_feedback import stored_demonstrations, stored_ratings
from feedback_app.ui.rounds.checkpoints import registry
from feedback_app.ui.rounds.view import table as rounds_table
from tests.fakes import RecordingDesk
from tests.integration.api.edge_app import Edge, edge_app
from tests.unit.services.reward.live.examples import LONGER_WON, opened
from workers.snapshot import UnpairedFeedback, export_rows
from workers.snapshot import export as export_snapshot

pytestmark = pytest.mark.integration
HALF = r'"x\ud83d"'
DAMAGE = {
    "the prompt": ("comparisons", "messages", rf'[{{"role": "user", "content": {HALF}}}]'),
    "a reply": ("comparisons", "candidates", None),
    "a tag": ("comparisons", "tags", f"[{HALF}]"),
    "the note": ("rankings", "note", HALF),
    "the rewrite": ("rankings", "edit", r'"\u0000"'),
    "a tone tag": ("rankings", "aspects", f"[{HALF}]"),
    "no JSON": ("comparisons", "messages", "nonsense"),
    "candidates without text": ("comparisons", "candidates", '[{"id": "c1"}, {"id": "c2"}]'),
    "the date": ("comparisons", "created_at", "never"),
    "the date of the verdict": ("rankings", "created_at", "never"),
    "no JSON in the replies": ("comparisons", "candidates", "nonsense"),
    "no JSON in the verdict": ("rankings", "groups", "nonsense"),
    "a verdict on other replies": ("rankings", "groups", '[["c7"], ["c8"]]'),
}


@pytest.fixture(params=DAMAGE)
def edge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Edge]:
    """Two rankings, of which `bad` was damaged in that way."""
    with edge_app(tmp_path) as found:
        store = found.built.store
        for name, comparison in (("bad", opened(0)), ("good", opened(1))):
            store.comparisons.add(replace(comparison, id=name))
            store.comparisons.rank(name, replace(LONGER_WON, note="n", edit="e", aspects=("warmer",)), ())
        table, column, value = DAMAGE[request.param]
        if value is None:
            (row,) = [row for row in found.rows()["comparisons"] if row.id == "bad"]
            value = row.candidates.replace('"text": "', r'"text": "\ud83d', 1)
        key = "id" if table == "comparisons" else "comparison_id"
        found.execute(f"UPDATE {table} SET {column} = :value WHERE {key} = 'bad'", value=value)
        yield found


@pytest.fixture
def client(edge: Edge) -> TestClient:
    return TestClient(edge.api, base_url="http://127.0.0.1")


def test_every_list_shows_it_and_it_can_be_deleted(edge: Edge, client: TestClient) -> None:
    listed = client.get("/api/v1/comparisons").json()["items"]
    assert {item["id"]: item["damaged"] for item in listed} == {"bad": True, "good": False}
    assert client.get("/api/v1/comparisons/bad").status_code == 200
    assert client.get("/api/v1/rankings").json()["found"] == 2
    assert client.get("/api/v1/rankings?verdict=damaged").json()["items"][0]["id"] == "bad"
    assert client.get("/api/v1/rankings/ids?words=question").status_code == 200
    page = client.post("/rankings/find", json={"wanted": {}}).json()
    assert page["items"].count(">damaged</span>") == 1
    assert "No export and no round uses this record" in client.get("/rankings/c/bad").json()["detail"]
    assert client.get("/rankings/about").status_code == 200
    assert client.get("/arena/c/bad").status_code == 200
    assert client.post("/api/v1/rankings/delete", json={"ids": ["bad"]}).json()["ids"] == ["bad"]
    assert [item["id"] for item in client.get("/api/v1/comparisons").json()["items"]] == ["good"]


def test_every_export_leaves_it_out_and_counts_it(edge: Edge, client: TestClient) -> None:
    dataset = edge.built.services.dataset
    for format in FORMATS:
        export = client.get(f"/api/v1/export?format={format}")
        assert export.status_code == 200, format
        assert b'"bad"' not in export.content, format
        assert dataset.count(format).records >= 1, format
    assert dataset.count("rankings").left_out == 1
    assert dataset.count("rankings").records == 1


def test_a_round_learns_from_the_others(edge: Edge, tmp_path: Path) -> None:
    store = edge.built.store
    given = UnpairedFeedback(tuple(stored_ratings(store, None)), tuple(stored_demonstrations(store, None)))
    snapshot = export_snapshot(store.comparisons.with_rankings(), 0.5, tmp_path / "snapshots", given)
    assert snapshot.counts["comparisons"] == 1
    plain = export_rows(store.training.rows(), 0.5, tmp_path / "plain", UnpairedFeedback(given.ratings))
    assert plain.counts["comparisons"] == 1


def test_desks_search_repeats_and_the_command_line_go_on(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, desk = edge.built.store, RecordingDesk()
    store.outbox.enqueue(["bad", "good"], [desk.name])
    DeskSync(store, desk).run()
    assert set(desk.records) == {"bad", "good"}
    json.dumps(desk_record(store.comparisons.get("bad")).messages[0].content, ensure_ascii=False).encode()
    assert "good" in edge.built.services.curation.ids(RankingSearch(words="question"))
    edge.built.services.curation.choices()
    edge.built.services.repeats.agreement()
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path))
    monkeypatch.setenv("CODELYNN_DATABASE_URL", edge.url)
    found = CliRunner().invoke(cli, ["rankings", "find", "--verdict", "damaged"])
    assert found.stdout.split() == ["bad"]


def test_another_verdict_on_it_is_taken_and_it_stays_damaged(edge: Edge, client: TestClient) -> None:
    taken_out = client.post("/api/v1/rankings/take-out", json={"ids": ["bad"]})
    assert taken_out.status_code == 200
    assert client.get("/api/v1/rankings").status_code == 200
    assert client.post("/api/v1/rankings/bring-back", json={"ids": ["bad"]}).status_code == 200


def test_a_time_that_nobody_can_have_taken_is_not_known_and_the_verdict_counts(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        client = TestClient(edge.api, base_url="http://127.0.0.1")
        for number, seconds in enumerate(("9e999", "-9e999", "1e300", "-5", "'long'")):
            edge.built.store.comparisons.add(replace(opened(number), id=str(number)))
            edge.built.store.comparisons.rank(str(number), LONGER_WON, ())
            edge.execute(f"UPDATE rankings SET seconds = {seconds} WHERE comparison_id = '{number}'")
        lines = client.get("/api/v1/export?format=rankings").text.splitlines()
        assert [json.loads(line)["ranking"]["seconds"] for line in lines] == [None] * 5
        assert all(
            item["ranking"]["seconds"] is None for item in client.get("/api/v1/comparisons").json()["items"]
        )


def test_a_damaged_ranking_of_another_annotator_is_left_out(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        store = edge.built.store
        store.comparisons.add(comparison := opened(0))
        store.annotations.put(comparison, replace(LONGER_WON, annotator="anna"))
        assert len(list(store.comparisons.with_rankings())) == 1
        edge.execute(f"UPDATE annotations SET note = '{HALF}'")
        assert list(store.comparisons.with_rankings()) == []
        edge.execute("UPDATE annotations SET note = '\"\"', groups = '[[\"other\"]]'")
        assert list(store.comparisons.with_rankings()) == []


def test_a_damaged_conversation_is_shown_and_teaches_nothing(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        client, services = TestClient(edge.api, base_url="http://127.0.0.1"), edge.built.services
        chat = services.chat.begin("base", services.default_persona)
        list(services.chat.say(chat.id, "Hello"))
        services.chat.rate(chat.id, 1, 1)
        assert services.dataset.count("kto").records == 1
        edge.execute(f"UPDATE turns SET content = '{HALF}' WHERE position = 1")
        edge.execute(f"UPDATE conversations SET title = '{HALF}'")
        assert client.get(f"/api/v1/conversations/{chat.id}").json()["turns"][1]["content"] == "x\ufffd"
        assert services.chat.list(words="x")[0].title == "x\ufffd"
        assert client.get("/api/v1/export?format=kto").content == b""
        services.chat.delete(chat.id)


def test_a_damaged_setting_of_a_round_is_shown(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        client = TestClient(edge.api, base_url="http://127.0.0.1")
        store = edge.built.store
        store.comparisons.add(comparison := opened(0))
        store.comparisons.rank(comparison.id, Ranking((("c1",), ("c2",))), ())
        queued = edge.built.services.rounds.queue("dpo")
        edge.execute("UPDATE rounds SET config = :value", value=rf'{{"beta": 1e400, "x": {HALF}}}')
        assert client.get(f"/api/v1/rounds/{queued.id}").json()["config"] == {"beta": None, "x": "x\ufffd"}
        assert client.get("/api/v1/rounds").status_code == 200


def test_rounds_versions_and_chats_of_which_a_date_is_none_are_listed_as_damaged(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        client, built = TestClient(edge.api, base_url="http://127.0.0.1"), edge.built
        built.store.rounds.add(Round(id="odd", state=RoundState.held, started_at=datetime.now(UTC)))
        built.store.checkpoints.add(Checkpoint("v1", "somewhere"))
        talk = built.services.chat.begin("base", built.services.default_persona)
        for table in ("rounds", "checkpoints", "conversations"):
            edge.execute(f"UPDATE {table} SET created_at = 'never'")
        for path in ("rounds", "checkpoints", "conversations"):
            (listed,) = client.get(f"/api/v1/{path}").json()
            assert (listed["damaged"], listed["created_at"]) == (True, "1970-01-01T00:00:00Z")
        assert client.get("/api/v1/rounds/odd").status_code == 200
        assert client.get("/api/v1/rounds/estimate").status_code == 200
        assert rounds_table(built.store.rounds.list(1), {})[0][0] == "date damaged"
        assert "date damaged" in registry(built.store.checkpoints.list(), {})
        assert client.get(f"/api/v1/conversations/{talk.id}?format=markdown").status_code == 200
        assert client.delete(f"/api/v1/conversations/{talk.id}").status_code == 204


def test_text_of_the_database_that_is_no_utf_8_is_shown(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        edge.built.store.comparisons.add(replace(opened(0), id="odd"))
        edge.execute("UPDATE comparisons SET source = CAST(x'ff61' AS TEXT)")
        assert edge.built.store.comparisons.get("odd").source == "\ufffda"


def test_copies_of_damaged_records_stay_readable_after_a_restart(edge: Edge, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    edge.built.search_index.close()  # or it keeps the write-ahead log
    edge.built.store.close()
    shutil.copy(tmp_path / "codelynn.db", copy / "codelynn.db")
    with edge_app(copy) as again:
        assert again.built.store.comparisons.get("bad").damaged
