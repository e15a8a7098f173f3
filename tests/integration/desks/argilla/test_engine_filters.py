"""Filters and orders over every kind of question, through the interface of the web pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import argilla as rg
import pytest

from tests.integration.desks.argilla.records import (
    TOTAL,
    by,
    ids_of,
    numbers,
    only,
    questions,
    scope,
    searched,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def dataset(client: rg.Argilla) -> rg.Dataset:
    return questions(client, "filters")


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
