"""Filters, orders, queues and the distribution of tasks, with two annotators, through the official client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import argilla as rg
import pytest

from tests.integration.argilla.records import ids_of, searched
from tests.integration.argilla_server import WORKSPACE

pytestmark = pytest.mark.integration
TOTAL = 8


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
    dataset = rg.Dataset(name="questions", workspace=WORKSPACE, settings=settings, client=client).create()
    dataset.records.log([record(number) for number in range(TOTAL)])
    return dataset


def record(number: int) -> rg.Record:
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


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("metadata.source", ["book"], [2, 5]),
        ("metadata.source", ["book", "web"], [1, 2, 4, 5, 7]),
        ("metadata.size", ["3"], [3]),
        ("metadata.part", ["0.25"], [1]),
        ("stars.suggestion.value", ["1"], [0, 5]),
        ("stars.suggestion.agent", ["judge 1"], [1, 3, 5]),
        ("stars.suggestion.type", ["model"], [0, 1, 2, 3, 4, 5, 6]),
        ("stars.suggestion.type", ["human"], []),
        ("label.suggestion.value", ["B"], [1, 3, 5]),
        ("label.suggestion.value", ["A", "B"], [0, 1, 2, 3, 4, 5, 6]),
        ("labels.suggestion.value", ["y"], [1, 3, 5]),
        ("labels.suggestion.value", ["y", "z"], [1, 2, 3, 5, 6]),
        ("words.suggestion.value", ["word 3"], [3]),
        ("ranks.suggestion.value", ["p"], []),
        ("status", ["completed"], []),
        ("external_id", ["r1", "r2", "r99"], [1, 2]),
        ("response.status", ["submitted"], []),
        ("response.status", ["nonsense"], []),
    ],
)
def test_terms(
    client: rg.Argilla, dataset: rg.Dataset, name: str, values: list[str], expected: list[int]
) -> None:
    result = searched(client, dataset, only(name, *values))
    assert sorted(ids_of(result)) == numbers(*expected)
    assert result["total"] == len(expected)


@pytest.mark.parametrize(
    ("name", "bounds", "expected"),
    [
        ("metadata.size", {"ge": 2, "le": 3}, [2, 3]),
        ("metadata.part", {"ge": 1.5}, [6, 7]),
        ("stars.suggestion.value", {"ge": 4}, [3, 4]),
        ("stars.suggestion.score", {"le": 0.1}, [0, 1]),
        ("labels.suggestion.score", {"ge": 0.5}, [5, 6]),
        ("metadata.source", {"ge": 0}, []),
        ("stars.response", {"ge": 0}, []),
        ("inserted_at", {"ge": "2100-01-01T00:00:00Z"}, []),
        ("updated_at", {"le": 1e300}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("inserted_at", {"ge": -1e300, "le": 0}, []),
    ],
)
def test_ranges(
    client: rg.Argilla, dataset: rg.Dataset, name: str, bounds: dict[str, Any], expected: list[int]
) -> None:
    assert sorted(ids_of(searched(client, dataset, only(name, **bounds)))) == numbers(*expected)


def test_dates_are_compared_in_utc(client: rg.Argilla, dataset: rg.Dataset) -> None:
    ago, soon = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    east = timedelta(hours=11)
    there = [(each + east).replace(tzinfo=None).isoformat() + "+11:00" for each in (ago, soon)]
    assert searched(client, dataset, only("inserted_at", ge=there[0], le=there[1]))["total"] == TOTAL
    assert searched(client, dataset, only("inserted_at", ge=there[1]))["total"] == 0
    milliseconds = ago.timestamp() * 1000
    assert searched(client, dataset, only("inserted_at", ge=milliseconds))["total"] == TOTAL


@pytest.mark.parametrize(
    ("name", "order", "expected"),
    [
        ("metadata.size", "desc", [7, 6, 5, 4, 3, 2, 1, 0]),
        ("metadata.part", "asc", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("stars.suggestion.score", "desc", [6, 5, 4, 3, 2, 1, 0, 7]),
        ("stars.suggestion.score", "asc", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("external_id", "desc", [7, 6, 5, 4, 3, 2, 1, 0]),
    ],
)
def test_orders_put_missing_values_last(
    client: rg.Argilla, dataset: rg.Dataset, name: str, order: str, expected: list[int]
) -> None:
    assert ids_of(searched(client, dataset, by(name, order))) == numbers(*expected)


def test_a_second_order_decides_where_the_first_is_equal(client: rg.Argilla, dataset: rg.Dataset) -> None:
    orders = by("stars.suggestion.value", "asc")["sort"] + by("metadata.size", "desc")["sort"]
    assert ids_of(searched(client, dataset, {"sort": orders})) == numbers(5, 0, 6, 1, 2, 3, 4, 7)


@pytest.mark.parametrize("name", ["inserted_at", "updated_at"])
def test_order_by_age_is_the_same_backwards(client: rg.Argilla, dataset: rg.Dataset, name: str) -> None:
    forward, backward = (searched(client, dataset, by(name, order))["items"] for order in ("asc", "desc"))
    dates = [item["record"][name] for item in forward]
    assert dates == sorted(dates)
    assert [item["record"][name] for item in backward] == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    "body",
    [
        only("id", "not an id"),
        only("id", ge=3),
        only("status", ge=3),
        only("status", "nonsense"),
        only("inserted_at", "2024"),
        only("response.status", ge=1),
        only("metadata.size", ge="a"),
        only("metadata.size", "1e999", "nan", "true", "-"),
        only("label.response", "A"),
        by("label.response"),
        by("ranks.response"),
        by("response.status"),
        {
            "filters": {
                "and": [
                    {
                        "scope": {**scope("label.suggestion.value"), "property": None},
                        "type": "terms",
                        "values": ["A"],
                    }
                ]
            }
        },
    ],
)
def test_an_odd_filter_is_answered(client: rg.Argilla, dataset: rg.Dataset, body: dict[str, Any]) -> None:
    searched(client, dataset, body)
    searched(client, dataset, body, mine=True)


def test_a_bad_date_is_the_callers_mistake(client: rg.Argilla, dataset: rg.Dataset) -> None:
    address = f"/api/v1/datasets/{dataset.id}/records/search"
    assert client.http_client.post(address, json=only("inserted_at", ge="soon")).status_code == 422


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
