"""A dataset with every kind of question, and Argilla's search interface as its web pages use it."""

from typing import Any
from uuid import uuid4

import argilla as rg

from tests.integration.desks.argilla.server import WORKSPACE

Found = list[dict[str, Any]]


def make_dataset(client: rg.Argilla, **more: Any) -> rg.Dataset:
    settings = rg.Settings(
        fields=[
            rg.TextField(name="prompt"),
            rg.TextField(name="reply", required=False),
            rg.ChatField(name="chat", required=False),
        ],
        questions=[
            rg.LabelQuestion(name="label", labels=["yes", "no"], required=True),
            rg.MultiLabelQuestion(name="topics", labels=["pets", "food", "work"], required=False),
            rg.RatingQuestion(name="stars", values=[1, 2, 3, 4, 5], required=False),
            rg.RankingQuestion(name="order", values=["one", "two"], required=False),
            rg.TextQuestion(name="why", required=False),
            rg.SpanQuestion(name="parts", field="prompt", labels=["good"], required=False),
        ],
        metadata=[
            rg.TermsMetadataProperty(name="model"),
            rg.IntegerMetadataProperty(name="length"),
            rg.FloatMetadataProperty(name="share"),
        ],
        **more,
    )
    name = f"engine-{uuid4().hex[:8]}"
    return rg.Dataset(name=name, workspace=WORKSPACE, settings=settings, client=client).create()


def post(client: rg.Argilla, dataset: rg.Dataset, body: Any, *, mine: bool = False, **params: Any) -> Any:
    """The raw answer of a search."""
    address = f"/api/v1/{'me/' if mine else ''}datasets/{dataset.id}/records/search"
    return client.http_client.post(address, json=body, params=params or {"limit": 100})


def search(client: rg.Argilla, dataset: rg.Dataset, body: Any, *, mine: bool = False, **params: Any) -> Found:
    items: Found = post(client, dataset, body, mine=mine, **params).raise_for_status().json()["items"]
    return items


def ids(found: Found) -> list[str]:
    return [str(each["record"]["external_id"]) for each in found]


def typed(text: str, field: str | None = None) -> dict[str, Any]:
    return {"query": {"text": {"q": text, "field": field} if field else {"q": text}}}


def terms(values: list[str], **scope: Any) -> dict[str, Any]:
    return {"filters": {"and": [{"type": "terms", "scope": scope, "values": values}]}}


def between(low: Any, high: Any, **scope: Any) -> dict[str, Any]:
    return {"filters": {"and": [{"type": "range", "scope": scope, "ge": low, "le": high}]}}


def sorted_by(order: str, **scope: Any) -> dict[str, Any]:
    return {"sort": [{"scope": scope, "order": order}]}
