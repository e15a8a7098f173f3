"""Argilla's search, progress and metrics on our SQL engine, through the client and the interface of its web pages."""

from typing import Any

import argilla as rg
import pytest

from tests.integration.desks.argilla.server import WORKSPACE

pytestmark = pytest.mark.integration
TOTAL = 30
ANIMALS = ("cat", "dog", "otter", "whale", "newt")


@pytest.fixture(scope="module")
def dataset(client: rg.Argilla) -> rg.Dataset:
    settings = rg.Settings(
        fields=[rg.TextField(name="prompt"), rg.ChatField(name="chat", required=False)],
        questions=[
            rg.LabelQuestion(name="choice", labels=["A", "B"]),
            rg.RatingQuestion(name="sure", values=[1, 2, 3]),
        ],
        metadata=[
            rg.TermsMetadataProperty(name="model"),
            rg.IntegerMetadataProperty(name="length"),
            rg.FloatMetadataProperty(name="score"),
        ],
    )
    settings.questions["sure"].required = False
    dataset = rg.Dataset(name="animals", workspace=WORKSPACE, settings=settings, client=client).create()
    dataset.records.log([record(number) for number in range(TOTAL)])
    return dataset


def record(number: int) -> rg.Record:
    return rg.Record(
        id=f"animal-{number}",
        fields={
            "prompt": f"Question number {number} about a {ANIMALS[number % 5]}",
            "chat": [{"role": "user", "content": f"café talk of {number}"}],
        },
        metadata={"model": f"m{number % 3}", "length": number, "score": number / 10},
        suggestions=[
            rg.Suggestion("choice", "A" if number % 2 else "B", agent="judge", score=number / TOTAL)
        ],
    )


def found(dataset: rg.Dataset, *conditions: tuple[str, str, Any], query: str | None = None) -> list[str]:
    wanted = rg.Query(query=query, filter=rg.Filter(list(conditions)) if conditions else None)
    return sorted(str(each.id) for each in dataset.records(wanted))


def search(
    client: rg.Argilla, dataset: rg.Dataset, body: dict[str, Any], *, mine: bool = False
) -> dict[str, Any]:
    address = f"/api/v1/{'me/' if mine else ''}datasets/{dataset.id}/records/search"
    answer = client.http_client.post(address, json=body, params={"limit": 10})
    result: dict[str, Any] = answer.raise_for_status().json()
    return result


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ([("metadata.model", "==", "m1")], 10),
        ([("metadata.model", "in", ["m0", "m2"])], 20),
        ([("metadata.length", ">=", 10), ("metadata.length", "<=", 12)], 3),
        ([("metadata.score", "<=", 1.0)], 11),
        ([("choice.suggestion", "==", "A")], 15),
        ([("choice.agent", "==", "judge")], 30),
        ([("choice.score", ">=", 0.9)], 3),
        ([("status", "==", "pending")], 30),
        ([("id", "==", "animal-7")], 1),
    ],
)
def test_filters(dataset: rg.Dataset, conditions: list[tuple[str, str, Any]], count: int) -> None:
    assert len(found(dataset, *conditions)) == count


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("otter", 6),
        ("OTT*", 6),
        ("question otter 7", 1),
        ('"number 7 about"', 1),
        ("otter | newt", 12),
        ("question -otter", 24),
        ("cafe", 30),
        ("zebra", 0),
        ("a\"b AND (* -- ' OR", 0),
    ],
)
def test_text_search(dataset: rg.Dataset, query: str, count: int) -> None:
    """Terms, prefix, phrase, or, not; accents fold; anything typed is safe. (7 is an otter; in its chat too.)"""
    assert len(found(dataset, query=query)) == count


def test_sort_by_metadata_puts_the_largest_first(client: rg.Argilla, dataset: rg.Dataset) -> None:
    order = {"scope": {"entity": "metadata", "metadata_property": "length"}, "order": "desc"}
    items = search(client, dataset, {"sort": [order]})["items"]
    assert [item["record"]["metadata"]["length"] for item in items[:3]] == [29, 28, 27]


def test_metadata_metrics(client: rg.Argilla, dataset: rg.Dataset) -> None:
    properties = client.http_client.get(f"/api/v1/me/datasets/{dataset.id}/metadata-properties").json()[
        "items"
    ]
    metrics = {
        each["name"]: client.http_client.get(f"/api/v1/metadata-properties/{each['id']}/metrics").json()
        for each in properties
    }
    assert (metrics["model"]["total"], len(metrics["model"]["values"])) == (TOTAL, 3)
    assert (metrics["length"]["min"], metrics["length"]["max"]) == (0, TOTAL - 1)
    assert metrics["score"]["max"] == pytest.approx(2.9)


def test_pending_submitted_and_progress_follow_the_users_responses(
    client: rg.Argilla, dataset: rg.Dataset
) -> None:
    """The queue of the web page: a stable shuffle without the records that this user has answered."""
    pending = search(client, dataset, by_status("pending"), mine=True)
    assert pending["total"] == TOTAL
    assert search(client, dataset, by_status("pending"), mine=True) == pending
    record_id = pending["items"][0]["record"]["id"]
    answer = {"status": "submitted", "values": {"choice": {"value": "A"}, "sure": {"value": 3}}}
    response = (
        client.http_client.post(f"/api/v1/records/{record_id}/responses", json=answer)
        .raise_for_status()
        .json()
    )
    assert search(client, dataset, by_status("pending"), mine=True)["total"] == TOTAL - 1
    assert search(client, dataset, by_status("submitted"), mine=True)["total"] == 1
    assert len(found(dataset, ("sure.response", ">=", 3))) == 1
    assert len(found(dataset, ("sure.response", "==", 2))) == 0
    assert dataset.progress()["completed"] == 1
    client.http_client.delete(f"/api/v1/responses/{response['id']}").raise_for_status()
    assert search(client, dataset, by_status("pending"), mine=True)["total"] == TOTAL


def by_status(status: str) -> dict[str, Any]:
    scope = {"entity": "response", "property": "status"}
    return {"filters": {"type": "and", "and": [{"type": "terms", "scope": scope, "values": [status]}]}}


def test_the_text_index_follows_updates_and_deletions(dataset: rg.Dataset) -> None:
    """Last: it changes the records."""
    dataset.records.log([rg.Record(id="animal-7", fields={"prompt": "a zebra"})])
    assert found(dataset, query="zebra") == ["animal-7"]
    assert len(found(dataset)) == TOTAL
    dataset.records.delete(list(dataset.records(rg.Query(filter=rg.Filter(("id", "==", "animal-7"))))))
    assert found(dataset, query="zebra") == []
    assert len(found(dataset)) == TOTAL - 1
