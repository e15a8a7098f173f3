"""Comparisons to deliver, and what Argilla has of them."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import argilla as rg

from feedback_app.desks.base import DeskRecord
from feedback_app.domain.comparison import Message
from tests.integration.desks.argilla.server import WORKSPACE

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
    assert count(client, len(record.candidates), filter=rg.Filter(("id", "==", record.comparison_id))) == 1
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
    with warnings.catch_warnings():  # the client says so of every answer that was discarded without values
        warnings.filterwarnings("ignore", message="`user_id` not provided")
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


TOTAL = 8


def questions(client: rg.Argilla, name: str) -> rg.Dataset:
    settings = rg.Settings(
        fields=[rg.TextField(name="text")],
        questions=[
            rg.RatingQuestion(name="stars", values=[1, 2, 3, 4, 5], required=False),
            rg.LabelQuestion(name="label", labels=["A", "B"]),
            rg.MultiLabelQuestion(name="labels", labels=["x", "y", "z"], required=False),
            rg.RankingQuestion(name="ranks", values=["p", "q"], required=False),
            rg.TextQuestion(name="words", required=False),
        ],
        metadata=[
            rg.TermsMetadataProperty(name="source"),
            rg.IntegerMetadataProperty(name="size"),
            rg.FloatMetadataProperty(name="part"),
        ],
        distribution=rg.TaskDistribution(min_submitted=2),
    )
    dataset = rg.Dataset(name=name, workspace=WORKSPACE, settings=settings, client=client).create()
    dataset.records.log([question_record(number) for number in range(TOTAL)])
    return dataset


def question_record(number: int) -> rg.Record:
    labels = [["x"], ["x", "y"], ["z"], ["y", "z"]][number % 4]
    suggestions = [
        rg.Suggestion("stars", number % 5 + 1, score=number / 10, agent=f"judge {number % 2}", type="model"),
        rg.Suggestion("label", "AB"[number % 2], type="human"),
        rg.Suggestion("labels", labels, score=[number / 10] * len(labels)),
        rg.Suggestion("words", f"word {number}"),
    ]
    metadata: dict[str, Any] = {"source": ["web", "book"][: number % 3], "size": number, "part": number / 4}
    return rg.Record(
        id=f"r{number}",
        fields={"text": f"text {number}"},
        metadata={name: value for name, value in metadata.items() if value != []},
        suggestions=suggestions if number < TOTAL - 1 else None,
    )


def scope(name: str) -> dict[str, str]:
    """`status`, `metadata.size`, `stars.suggestion.value`, `stars.response`, `response.status`."""
    first, *rest = name.split(".")
    if first == "metadata":
        return {"entity": "metadata", "metadata_property": rest[0]}
    if name == "response.status":
        return {"entity": "response", "property": "status"}
    if rest and rest[0] == "suggestion":
        return {"entity": "suggestion", "question": first, "property": rest[1]}
    if rest:
        return {"entity": "response", "question": first}
    return {"entity": "record", "property": name}


def only(name: str, *values: object, **bounds: object) -> dict[str, Any]:
    kind: dict[str, Any] = (
        {"type": "terms", "values": list(values)} if values else {"type": "range", **bounds}
    )
    return {"filters": {"and": [{"scope": scope(name), **kind}]}}


def by(name: str, order: str = "asc") -> dict[str, Any]:
    return {"sort": [{"scope": scope(name), "order": order}]}


def numbers(*wanted: int) -> list[str]:
    return [f"r{number}" for number in wanted]
