"""The Argilla desk against the real, embedded server."""

import socket
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from feedback_app.desks.argilla import ArgillaDesk
from feedback_app.desks.base import DeskRecord, DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Message
from tests.integration.argilla_server import API_KEY, PROJECT, WORKSPACE, ArgillaServer, free_port, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import argilla as rg

pytestmark = pytest.mark.integration
SECRET = "xylophone-in-the-cellar"  # a word that no log may hold


@pytest.fixture(scope="module")
def argilla_python() -> Path:
    python = PROJECT / ".venv-argilla" / "bin" / "python"
    if not python.exists():
        pytest.skip("Argilla's environment is not installed: `make setup` makes .venv-argilla")
    return python


@pytest.fixture(scope="module")
def server(argilla_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgillaServer]:
    with running(argilla_python, tmp_path_factory.mktemp("argilla")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ArgillaServer) -> Iterator[rg.Argilla]:
    client = rg.Argilla(api_url=server.url, api_key=API_KEY)
    yield client
    client.http_client.close()


@pytest.fixture
def desk(server: ArgillaServer) -> Iterator[ArgillaDesk]:
    desk = ArgillaDesk(server.url, API_KEY, WORKSPACE, timeout=10)
    yield desk
    desk.close()


def comparison(replies: int = 3, **changes: Any) -> DeskRecord:
    ids = [f"c{number}" for number in range(1, replies + 1)]
    record = DeskRecord(
        comparison_id=str(uuid4()),
        messages=(Message("system", "Be kind."), Message("user", f"What is a newt? {SECRET}")),
        candidates=tuple((each, f"Reply {each}: a small amphibian.", f"model-{each}") for each in ids),
        ranking=tuple((each,) for each in reversed(ids)),
        all_bad=False,
        aspects=("warm", "clear"),
        note="",
        edit=None,
        annotator="owner",
        created_at=datetime.now(UTC),
    )
    return replace(record, **changes)


def dataset_of(client: rg.Argilla, replies: int) -> rg.Dataset:
    dataset = client.datasets(f"codelynn-{replies}", workspace=WORKSPACE)
    assert dataset is not None
    return dataset


def stored(client: rg.Argilla, record: DeskRecord) -> dict[str, Any]:
    """The one record of this comparison, as Argilla's HTTP interface gives it."""
    dataset = dataset_of(client, len(record.candidates))
    found = list(dataset.records(rg.Query(filter=rg.Filter(("id", "==", record.comparison_id)))))
    assert len(found) == 1
    address = f"/api/v1/datasets/{dataset.id}/records"
    answer = client.http_client.get(address, params={"include": "responses", "limit": 500})
    items = answer.raise_for_status().json()["items"]
    return next(item for item in items if item["external_id"] == record.comparison_id)


def answers_of(item: dict[str, Any]) -> dict[str, Any]:
    (response,) = item["responses"]
    assert response["status"] == "submitted"
    return {name: given["value"] for name, given in response["values"].items()}


def ranks_of(item: dict[str, Any]) -> dict[str, int]:
    return {each["value"]: each["rank"] for each in answers_of(item)["ranking"]}


def count(client: rg.Argilla, replies: int, **query: Any) -> int:
    return len(list(dataset_of(client, replies).records(rg.Query(**query))))


def test_a_ranking_with_a_tie_arrives_as_a_submitted_response(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(ranking=(("c2",), ("c1", "c3")), note="  ", edit="A newt is a salamander.")
    desk.deliver(record)
    item = stored(client, record)
    assert ranks_of(item) == {"reply_2": 1, "reply_1": 2, "reply_3": 2}
    given = answers_of(item)
    assert given["edit"] == "A newt is a salamander."
    assert given["aspects"] == ["warm", "clear"]
    assert given["verdict"] == "some_good"
    assert "note" not in given
    assert item["status"] == "completed"
    assert item["metadata"]["models"] == ["model-c1", "model-c2", "model-c3"]
    assert item["metadata"]["winner"] == ["model-c2"]
    assert item["fields"]["conversation"][0] == {"role": "system", "content": "Be kind."}


def test_all_bad_arrives_as_a_tie_with_its_verdict(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(2, ranking=(("c1", "c2"),), all_bad=True, note="Both are cold.")
    desk.deliver(record)
    item = stored(client, record)
    assert ranks_of(item) == {"reply_1": 1, "reply_2": 1}
    assert answers_of(item)["verdict"] == "all_bad"
    assert answers_of(item)["note"] == "Both are cold."
    assert "winner" not in item["metadata"]


def test_delivering_again_changes_nothing(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison()
    desk.deliver(record)
    before, total = stored(client, record), count(client, 3)
    desk.deliver(record)
    after = stored(client, record)
    assert count(client, 3) == total
    assert after["id"] == before["id"]
    assert after["responses"][0]["id"] == before["responses"][0]["id"]
    assert answers_of(after) == answers_of(before)


def test_a_changed_ranking_replaces_the_response(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(note="first thought")
    desk.deliver(record)
    desk.deliver(replace(record, ranking=(("c1",), ("c2",), ("c3",)), note=""))
    item = stored(client, record)
    assert ranks_of(item) == {"reply_1": 1, "reply_2": 2, "reply_3": 3}
    assert "note" not in answers_of(item)


def test_an_undone_ranking_takes_our_response_back_and_keeps_the_record(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    record = comparison()
    desk.deliver(record)
    undone = replace(record, ranking=None)
    desk.deliver(undone)
    desk.deliver(undone)
    item = stored(client, record)
    assert item["responses"] == []
    assert item["status"] == "pending"
    assert "winner" not in item["metadata"]
    desk.deliver(record)
    assert ranks_of(stored(client, record))["reply_3"] == 1


def test_unknown_aspects_and_odd_texts_are_taken(client: rg.Argilla, desk: ArgillaDesk) -> None:
    odd = "\x00 \ud800 " + "long " * 10_000
    record = comparison(
        2,
        messages=(Message("assistant", ""), Message("user", odd)),
        candidates=(("c1", "", "base"), ("c2", odd, "base")),
        aspects=("made-up", "warm", "warm"),
    )
    desk.deliver(record)
    item = stored(client, record)
    assert "".join(turn["content"] for turn in item["fields"]["conversation"]).endswith("long long ")
    assert item["fields"]["reply_1"] == ""
    assert answers_of(item)["aspects"] == ["warm"]
    assert item["metadata"]["tone"] == ["made-up", "warm"]


def test_filters_and_text_search_find_records_through_the_official_client(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    """The search engine that stands in for Elasticsearch, over four replies (a dataset of this test's own)."""
    animals = ["otter", "otter", "whale"]
    for number, animal in enumerate(animals):
        question = (Message("user", f"Question number {number} about the {animal}"),)
        ranking = None if number == 2 else (("c1",), ("c2", "c3"), ("c4",))
        desk.deliver(comparison(4, messages=question, ranking=ranking, annotator=f"person-{number}"))
    assert count(client, 4, query="otter") == 2
    assert count(client, 4, query='"number 1 about"') == 1
    assert count(client, 4, query="ott* -number") == 0
    assert count(client, 4, query="zebra") == 0
    assert count(client, 4, query="a\"b AND (* -- ' OR") == 0
    assert count(client, 4, filter=rg.Filter(("status", "==", "completed"))) == 2
    assert count(client, 4, filter=rg.Filter(("response.status", "==", "submitted"))) == 2
    assert count(client, 4, filter=rg.Filter(("metadata.annotator", "in", ["person-0", "person-2"]))) == 1
    assert count(client, 4, filter=rg.Filter(("metadata.winner", "==", "model-c1"))) == 2
    assert count(client, 4, filter=rg.Filter(("aspects.response", "==", "warm"))) == 2
    progress = dataset_of(client, 4).progress()
    assert (progress["total"], progress["completed"], progress["pending"]) == (3, 2, 1)


def test_a_dataset_that_somebody_deleted_is_made_again(client: rg.Argilla, desk: ArgillaDesk) -> None:
    desk.deliver(comparison(5))
    dataset_of(client, 5).delete()
    record = comparison(5)
    desk.deliver(record)
    assert count(client, 5) == 1


def test_a_dataset_whose_creation_was_cut_off_is_made_again(client: rg.Argilla, desk: ArgillaDesk) -> None:
    workspace = client.workspaces(WORKSPACE)
    assert workspace is not None
    draft = {"name": "codelynn-6", "workspace_id": str(workspace.id)}
    client.http_client.post("/api/v1/datasets", json=draft).raise_for_status()
    desk.deliver(comparison(6))
    assert count(client, 6) == 1


def test_a_record_that_argilla_cannot_rank_is_refused(desk: ArgillaDesk) -> None:
    with pytest.raises(DeskRefused, match="2 to 50"):
        desk.deliver(comparison(1))


def test_a_wrong_key_is_refused(server: ArgillaServer) -> None:
    desk = ArgillaDesk(server.url, "not-the-key", WORKSPACE)
    with pytest.raises(DeskRefused, match="API key"):
        desk.deliver(comparison())
    assert not desk.health()


def test_a_desk_that_is_away_is_unavailable_at_once() -> None:
    desk = ArgillaDesk(f"http://127.0.0.1:{free_port()}", API_KEY, WORKSPACE, timeout=2)
    started = time.monotonic()
    with pytest.raises(DeskUnavailable) as caught:
        desk.deliver(comparison())
    assert time.monotonic() - started < 2
    assert SECRET not in str(caught.value)
    assert not desk.health()


def test_a_desk_that_does_not_answer_is_unavailable_within_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        desk = ArgillaDesk(f"http://127.0.0.1:{silent.getsockname()[1]}", API_KEY, WORKSPACE, timeout=0.5)
        started = time.monotonic()
        with pytest.raises(DeskUnavailable):
            desk.deliver(comparison())
        assert time.monotonic() - started < 2


def test_killed_and_started_again_nothing_is_lost_and_the_desk_reconnects(
    server: ArgillaServer, client: rg.Argilla, desk: ArgillaDesk
) -> None:
    """Last of this module's shared server: kill -9, refusals while away, the same data and session after."""
    record = comparison(note="kept")
    desk.deliver(record)
    assert desk.health()
    server.kill()
    with pytest.raises(DeskUnavailable):
        desk.deliver(comparison())
    assert not desk.health()
    server.start()
    assert answers_of(stored(client, record))["note"] == "kept"
    assert count(client, 3, query=f'"{SECRET}"') >= 1
    desk.deliver(replace(record, note="changed"))
    assert answers_of(stored(client, record))["note"] == "changed"
    assert SECRET not in server.log
    assert API_KEY not in server.log
    assert server.end() == 0
