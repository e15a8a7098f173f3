"""Queues, progress and the distribution of tasks, with two annotators."""

from collections.abc import Iterator
from typing import Any

import argilla as rg
import pytest

from tests.integration.desks.argilla.records import TOTAL, by, ids_of, numbers, only, questions, searched
from tests.integration.desks.argilla.server import WORKSPACE

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def other(client: rg.Argilla) -> Iterator[rg.Argilla]:
    """The second annotator."""
    user = rg.User(
        username="second", password="another long password", role="annotator", client=client
    ).create()
    workspace = client.workspaces(WORKSPACE)
    assert workspace is not None
    workspace.add_user(user)
    login = client.http_client.post(
        "/api/v1/token", data={"username": "second", "password": "another long password"}
    )
    token = login.raise_for_status().json()["access_token"]
    me = client.http_client.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {token}", "X-Argilla-Api-Key": ""}
    )
    second = rg.Argilla(api_url=client.api_url, api_key=me.raise_for_status().json()["api_key"])
    yield second
    second.http_client.close()


@pytest.fixture(scope="module")
def dataset(client: rg.Argilla) -> rg.Dataset:
    return questions(client, "queues")


def respond(client: rg.Argilla, record_id: str, status: str, **values: object) -> str:
    answer = {"status": status, "values": {name: {"value": value} for name, value in values.items()}}
    response = client.http_client.post(f"/api/v1/records/{record_id}/responses", json=answer)
    return str(response.raise_for_status().json()["id"])


def uuid_of(client: rg.Argilla, dataset: rg.Dataset, name: str) -> str:
    (item,) = searched(client, dataset, only("external_id", name))["items"]
    return str(item["record"]["id"])


def queue(client: rg.Argilla, dataset: rg.Dataset, *statuses: str) -> list[str]:
    return sorted(ids_of(searched(client, dataset, only("response.status", *statuses), mine=True)))


@pytest.fixture
def answered(client: rg.Argilla, other: rg.Argilla, dataset: rg.Dataset) -> Iterator[None]:
    """The owner has answered r0 to r3, the other r2 and r3; r3 is a draft of the owner's."""
    given = [
        respond(
            client,
            uuid_of(client, dataset, "r0"),
            "submitted",
            stars=5,
            label="A",
            labels=["x", "z"],
            words="fine",
        ),
        respond(client, uuid_of(client, dataset, "r1"), "discarded"),
        respond(client, uuid_of(client, dataset, "r2"), "submitted", stars=1, label="B"),
        respond(client, uuid_of(client, dataset, "r3"), "draft", stars=3, label="A"),
        respond(other, uuid_of(client, dataset, "r2"), "submitted", stars=4, label="A"),
        respond(other, uuid_of(client, dataset, "r3"), "submitted", stars=3, label="A"),
    ]
    yield
    for response in given:
        client.http_client.delete(f"/api/v1/responses/{response}").raise_for_status()


@pytest.mark.usefixtures("answered")
def test_each_annotator_has_queues_of_their_own(
    client: rg.Argilla, other: rg.Argilla, dataset: rg.Dataset
) -> None:
    assert queue(client, dataset, "pending") == numbers(4, 5, 6, 7)
    assert queue(client, dataset, "draft") == numbers(3)
    assert queue(client, dataset, "submitted") == numbers(0, 2)
    assert queue(client, dataset, "discarded") == numbers(1)
    assert queue(client, dataset, "pending", "draft") == numbers(3, 4, 5, 6, 7)
    assert queue(other, dataset, "pending") == numbers(0, 1, 4, 5, 6, 7)
    assert queue(other, dataset, "submitted", "discarded") == numbers(2, 3)


@pytest.mark.usefixtures("answered")
def test_a_record_is_complete_once_two_have_submitted(
    client: rg.Argilla, other: rg.Argilla, dataset: rg.Dataset
) -> None:
    assert ids_of(searched(client, dataset, only("status", "completed"))) == numbers(2)
    progress = dataset.progress()
    assert (progress["total"], progress["completed"], progress["pending"]) == (TOTAL, 1, TOTAL - 1)
    mine, others = (
        each.http_client.get(f"/api/v1/me/datasets/{dataset.id}/metrics").json()["responses"]
        for each in (client, other)
    )
    assert {name: mine[name] for name in ("submitted", "discarded", "draft", "pending")} == {
        "submitted": 2,
        "discarded": 1,
        "draft": 1,
        "pending": 4,
    }
    assert others["submitted"] == 2


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    ("body", "everyones", "mine"),
    [
        (only("stars.response", ge=4), [0, 2], [0]),
        (only("label.response", "A"), [0, 2, 3], [0, 3]),
        (only("labels.response", "z"), [0], [0]),
        (only("words.response", "fine"), [0], [0]),
        (only("stars.response", "3"), [3], [3]),
    ],
)
def test_answers_are_filtered_of_all_or_of_one(
    client: rg.Argilla, dataset: rg.Dataset, body: dict[str, Any], everyones: list[int], mine: list[int]
) -> None:
    assert sorted(ids_of(searched(client, dataset, body))) == numbers(*everyones)
    assert sorted(ids_of(searched(client, dataset, body, mine=True))) == numbers(*mine)


@pytest.mark.usefixtures("answered")
def test_an_order_by_answers_takes_the_mean_of_all_or_the_users_own(
    client: rg.Argilla, dataset: rg.Dataset
) -> None:
    assert ids_of(searched(client, dataset, by("stars.response", "asc")))[:3] == numbers(2, 3, 0)
    assert ids_of(searched(client, dataset, by("stars.response", "desc"), mine=True))[:3] == numbers(0, 3, 2)
    assert ids_of(searched(client, dataset, by("label.response", "desc"), mine=True))[0] == "r2"


@pytest.mark.usefixtures("answered")
def test_conditions_add_up(client: rg.Argilla, dataset: rg.Dataset) -> None:
    conditions = [
        each["filters"]["and"][0]
        for each in (
            only("metadata.size", le=2),
            only("label.response", "A"),
            only("response.status", "submitted"),
        )
    ]
    body = {"query": {"text": {"q": "text"}}, "filters": {"and": conditions}}
    assert sorted(ids_of(searched(client, dataset, body))) == numbers(0, 2)
