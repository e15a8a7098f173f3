"""Comparisons to deliver, and what Argilla has of them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import argilla as rg

from feedback_app.desks.base import DeskRecord
from feedback_app.domain.comparison import Message
from tests.integration.argilla_server import WORKSPACE

SECRET = "xylophone-in-the-cellar"  # a word that no log may hold


def comparison(replies: int = 3, **changes: Any) -> DeskRecord:
    ids = [f"c{number}" for number in range(1, replies + 1)]
    record = DeskRecord(
        comparison_id=str(uuid4()),
        messages=(Message("system", "Be kind."), Message("user", f"What is a newt? {SECRET}")),
        candidates=tuple((each, f"Reply {each}: a small amphibian.", f"model-{each}") for each in ids),
        ranking=tuple((each,) for each in reversed(ids)),
        all_bad=False,
        aspects=("warmer", "clearer"),
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


def searched(
    client: rg.Argilla, dataset: rg.Dataset, body: dict[str, Any], *, mine: bool = False, **page: Any
) -> dict[str, Any]:
    """What the interface of the web pages answers to a search."""
    address = f"/api/v1/{'me/' if mine else ''}datasets/{dataset.id}/records/search"
    answer = client.http_client.post(address, json=body, params={"limit": 1000, **page})
    result: dict[str, Any] = answer.raise_for_status().json()
    return result


def ids_of(result: dict[str, Any]) -> list[str]:
    return [item["record"]["external_id"] for item in result["items"]]
