"""The leaderboard over HTTP and on the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from feedback_app.api import leaderboard as api
from feedback_app.cli import app
from feedback_app.commands import client as service
from feedback_app.commands.client import Service
from feedback_app.services.leaderboard.leaderboard import Leaderboard
from feedback_app.store import Store
from tests.unit.services.leaderboard.test_board import met
from tests.unit.services.reward.live.examples import LONGER_WON, SHORTER_WON


@pytest.fixture
def client(store: Store) -> TestClient:
    served = FastAPI()
    served.include_router(api.router(Leaderboard(store)))
    return TestClient(served)


@pytest.fixture
def cli(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    @contextmanager
    def connected() -> Iterator[Service]:
        yield Service(client)

    monkeypatch.setattr(service, "connected", connected)
    return CliRunner()


def test_the_api_keeps_its_fields_and_adds_adjusted_scores_and_the_matrix(
    client: TestClient, store: Store
) -> None:
    assert client.get("/api/v1/leaderboard").json() == []
    store.comparisons.add_all([met(i, LONGER_WON if i % 3 else SHORTER_WON) for i in range(30)])
    first, second = client.get("/api/v1/leaderboard").json()
    assert {"model", "score", "low", "high", "votes", "wins"} < set(first)
    assert (second["enough"], second["against"]) == (True, [{"model": "base", "wins": 10, "votes": 30}])
    assert second["adjusted_low"] < second["adjusted"] < second["adjusted_high"]


def test_the_api_tells_what_length_and_side_do(client: TestClient, store: Store) -> None:
    nothing = client.get("/api/v1/leaderboard/effects").json()
    assert nothing == {"length": None, "side": None, "comparisons": 0, "duels": 0, "enough": False}
    store.comparisons.add(met(0))
    told = client.get("/api/v1/leaderboard/effects", params={"annotator": "owner"}).json()
    assert told["duels"] == 1
    assert told["length"]["low"] < 0.5 < told["length"]["high"]
    assert client.get("/api/v1/leaderboard", params={"annotator": "anna"}).status_code == 422


def test_the_command_line_prints_a_table_or_json(cli: CliRunner, store: Store) -> None:
    assert "no two versions were compared yet" in cli.invoke(app, ["leaderboard"]).output
    store.comparisons.add_all([met(i, LONGER_WON if i % 3 else SHORTER_WON) for i in range(30)])
    shown = cli.invoke(app, ["leaderboard", "--mine"], env={"COLUMNS": "120"}).output
    assert "dpo-1" in shown
    assert "the left wins" in shown
    told = json.loads(cli.invoke(app, ["leaderboard", "--json"]).output)
    assert told["votes"] == [[0, 30], [30, 0]]
