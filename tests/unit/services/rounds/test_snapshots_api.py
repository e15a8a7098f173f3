"""Snapshots over HTTP and on the command line."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feedback_app.api import errors, snapshots
from feedback_app.commands.snapshots import lines
from feedback_app.services.rounds.snapshots import Snapshots
from feedback_app.store import Store
from tests.unit.workers.examples import ranked
from workers.snapshot import Snapshot, export


@pytest.fixture
def service(store: Store, tmp_path: Path) -> Snapshots:
    store.comparisons.add_all([ranked("one"), ranked("two")])
    return Snapshots(store, tmp_path / "snapshots")


@pytest.fixture
def written(service: Snapshots) -> Snapshot:
    return export([ranked("one")], 0.15, service.folder)


@pytest.fixture
def client(service: Snapshots) -> TestClient:
    api = FastAPI()
    errors.install(api)
    api.include_router(snapshots.router(service))
    return TestClient(api)


def test_snapshots_are_listed_and_compared_over_http(client: TestClient, written: Snapshot) -> None:
    (listed,) = client.get("/api/v1/snapshots").json()
    assert (listed["hash"], listed["counts"]["rankings"], listed["rounds"]) == (written.hash, 1, [])
    told = client.get("/api/v1/snapshots/newest/diff").json()
    assert told["counts"]["rankings"] == {"added": 1, "removed": 0, "changed": 0, "same": 1}
    assert told["first"][0]["after"]["messages"][-1] == {"role": "user", "content": "two"}
    assert told["first"][0]["before"] is None
    back = client.get("/api/v1/snapshots/now/diff", params={"other": written.hash[:8]}).json()
    assert back["counts"]["rankings"]["removed"] == 1


def test_a_snapshot_that_is_not_here_or_damaged_is_an_answer_in_one_line(
    client: TestClient, written: Snapshot
) -> None:
    assert client.get("/api/v1/snapshots/nothing/diff").status_code == 404
    (written.folder / "pairs.parquet").write_bytes(b"x")
    answer = client.get("/api/v1/snapshots/newest/diff")
    assert (answer.status_code, "changed since" in answer.json()["detail"]) == (409, True)


def test_the_command_says_where_what_differs_came_from(client: TestClient, written: Snapshot) -> None:
    found = client.get("/api/v1/snapshots/newest/diff").json()
    assert lines(found) == ["rankings added, by source: arena 1"]
