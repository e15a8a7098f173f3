"""Damaged rounds and versions are deleted through the API and the command line."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from feedback_app.cli import app as cli
from feedback_app.domain.round import Checkpoint, Round
from tests.integration.api.edge_app import Edge, edge_app

pytestmark = pytest.mark.integration


def add_damaged(edge: Edge) -> None:
    """A damaged and a whole round, a damaged and a whole version."""
    for name in ("odd", "fine"):
        edge.built.store.rounds.add(Round(id=name))
        edge.built.store.checkpoints.add(Checkpoint(name, f"folder/{name}"))
    edge.execute("UPDATE rounds SET metrics = 'nonsense', created_at = 'never' WHERE id = 'odd'")
    edge.execute("UPDATE checkpoints SET manifest = 'nonsense', created_at = 'never' WHERE name = 'odd'")


@pytest.mark.parametrize("kind", ["rounds", "checkpoints"])
def test_a_damaged_record_is_deleted_and_a_whole_one_is_refused(tmp_path: Path, kind: str) -> None:
    with edge_app(tmp_path) as edge:
        add_damaged(edge)
        client = TestClient(edge.api, base_url="http://127.0.0.1")
        refused = client.delete(f"/api/v1/{kind}/fine")
        assert refused.status_code == 409
        assert "only a damaged" in refused.text
        assert client.delete(f"/api/v1/{kind}/odd").status_code == 204
        assert [one.get("id", one.get("name")) for one in client.get(f"/api/v1/{kind}").json()] == ["fine"]
        assert client.delete(f"/api/v1/{kind}/odd").status_code == 404


@pytest.mark.parametrize("command", ["round", "checkpoint"])
def test_the_command_line_deletes_a_damaged_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with edge_app(tmp_path) as edge:
        add_damaged(edge)
        monkeypatch.setenv("CODELYNN_HOME", str(tmp_path))
        monkeypatch.setenv("CODELYNN_DATABASE_URL", edge.url)
        assert CliRunner().invoke(cli, [command, "delete", "odd"]).stdout == "deleted: odd\n"
        refused = CliRunner().invoke(cli, [command, "delete", "fine"])
        assert refused.exit_code != 0
        assert "only a damaged" in refused.output
