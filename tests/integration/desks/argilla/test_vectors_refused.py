"""Vectors and similarity search are refused with a plain 422, whatever the dataset's state."""

import sqlite3
from datetime import UTC, datetime
from uuid import UUID, uuid4

import argilla as rg
import pytest

from tests.integration.desks.argilla.engine_api import make_dataset, post
from tests.integration.desks.argilla.server import WORKSPACE, ArgillaServer

pytestmark = pytest.mark.integration
PLACE = {"name": "place", "title": "Place", "dimensions": 2}


def refused(client: rg.Argilla, dataset: str) -> None:
    answer = client.http_client.post(f"/api/v1/datasets/{dataset}/vectors-settings", json=PLACE)
    assert answer.status_code == 422
    assert "no vectors" in answer.text
    listed = client.http_client.get(f"/api/v1/datasets/{dataset}/vectors-settings")
    assert listed.raise_for_status().json()["items"] == []


def test_a_draft_and_a_published_dataset_get_no_vector_settings(client: rg.Argilla) -> None:
    workspace = client.workspaces(WORKSPACE)
    assert workspace is not None
    body = {"name": f"draft-{uuid4().hex[:8]}", "workspace_id": str(workspace.id)}
    draft = client.http_client.post("/api/v1/datasets", json=body).raise_for_status().json()
    refused(client, draft["id"])
    refused(client, str(make_dataset(client).id))


def test_a_record_with_a_vector_is_refused_whole(client: rg.Argilla) -> None:
    dataset = make_dataset(client)
    body = {"items": [{"fields": {"prompt": "x"}, "vectors": {"place": [1.0, 0.0]}}]}
    answer = client.http_client.post(f"/api/v1/datasets/{dataset.id}/records/bulk", json=body)
    assert answer.status_code == 422
    assert list(dataset.records) == []


@pytest.mark.parametrize("mine", [False, True])
def test_vectors_of_an_older_database_are_not_searched(
    client: rg.Argilla, server: ArgillaServer, *, mine: bool
) -> None:
    dataset = make_dataset(client)
    near = {"query": {"vector": {"name": "place", "value": [1.0, 0.0]}}}
    assert post(client, dataset, near, mine=mine).status_code == 422, "there is no such vector"
    assert dataset.id is not None
    leave_vector_settings(server, dataset.id)
    answer = post(client, dataset, near, mine=mine)
    assert answer.status_code == 422
    assert "no similarity search" in answer.text


def leave_vector_settings(server: ArgillaServer, dataset: UUID) -> None:
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    row = (uuid4().hex, "place", "Place", 2, dataset.hex, now, now)
    connection = sqlite3.connect(server.home / "data" / "argilla.db", timeout=30)
    with connection:
        connection.execute(
            "INSERT INTO vectors_settings(id, name, title, dimensions, dataset_id, inserted_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    connection.close()
