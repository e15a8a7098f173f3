"""What can be asked before the base model is prepared, without preparing it."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.integration.api.edge_app import edge_app
from tests.unit.services.reward.live.examples import LONGER_WON, opened

pytestmark = pytest.mark.integration


def test_estimates_and_rounds_answer_before_the_model_is_prepared_and_prepare_nothing(tmp_path: Path) -> None:
    model = tmp_path / "mine"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"no weights: preparing this would fail")
    with edge_app(tmp_path, base_model=str(model)) as edge:
        client = TestClient(edge.api, base_url="http://127.0.0.1")
        store = edge.built.store
        for number in range(4):
            store.comparisons.add(replace(opened(number), id=str(number)))
            store.comparisons.rank(str(number), LONGER_WON, ())
        for method in ("dpo", "ppo"):
            told = client.get(f"/api/v1/rounds/estimate?method={method}").json()
            assert told["seconds"] > 0
            assert told["first"] is True
        queued = client.post("/api/v1/rounds", json={"method": "dpo"}).json()
        assert queued["expected_first"] is True
        refused = client.post("/api/v1/rounds", json={"method": "ppo"})
        assert "no reward model" in refused.json()["detail"]
        assert not (tmp_path / "models").exists()


def test_nothing_is_said_of_a_model_that_lies_elsewhere(tmp_path: Path) -> None:
    with edge_app(tmp_path, base_model="someone/something") as edge:
        client = TestClient(edge.api, base_url="http://127.0.0.1")
        assert client.get("/api/v1/rounds/estimate").json() == {
            "seconds": None,
            "first": False,
            "usage": None,
        }
        assert not (tmp_path / "models").exists()
