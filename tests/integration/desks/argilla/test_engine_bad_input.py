"""Whatever is asked, the answer is a result or a 4xx: never a 500."""

import json
from typing import Any

import argilla as rg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.desks.argilla.engine_api import between, make_dataset, post, sorted_by, terms, typed

pytestmark = pytest.mark.integration
NEVER = 500


@pytest.fixture(scope="module")
def dataset(client: rg.Argilla) -> rg.Dataset:
    dataset = make_dataset(client)
    record = rg.Record(fields={"prompt": "An otter"}, metadata={"length": 1})
    dataset.records.log([record])
    return dataset


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        alphabet=st.sampled_from("ab *\"-|+()\\~^:{}é東\0;'%_") | st.characters(codec="utf-8"), max_size=60
    )
)
def test_any_text(client: rg.Argilla, dataset: rg.Dataset, text: str) -> None:
    assert post(client, dataset, typed(text)).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "-(a | b " * 500,
        "(" * 5_000 + "a",
        "a | b c | d -e " * 200,
        "-(-a | b " * 6 + "| c d " * 60,
        "a | b " * 5_000,
        "word " * 20_000,
        '"',
        "NEAR(a b)",
        "fields:x",
        "a AND",
    ],
)
def test_long_deep_and_strange_queries(client: rg.Argilla, dataset: rg.Dataset, text: str) -> None:
    assert post(client, dataset, typed(text)).status_code == 200
    assert (
        post(client, dataset, typed(text) | sorted_by("asc", entity="record", property="id")).status_code
        == 200
    )


def test_half_a_surrogate_pair(client: rg.Argilla, dataset: rg.Dataset) -> None:
    for body in (typed("a \ud800 b"), terms(["\ud800"], entity="record", property="external_id")):
        address = f"/api/v1/datasets/{dataset.id}/records/search"
        headers = {"content-type": "application/json"}
        answer = client.http_client.post(address, content=json.dumps(body).encode(), headers=headers)
        assert answer.status_code < NEVER


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (terms(["nonsense"], entity="response", property="status"), 200),
        (terms(["nonsense"], entity="record", property="status"), 200),
        (terms(["nonsense"], entity="record", property="id"), 200),
        (terms(["nonsense"], entity="record", property="inserted_at"), 200),
        (terms(["nan", "inf", "1e999"], entity="metadata", metadata_property="length"), 200),
        (terms(["nonsense"], entity="metadata", metadata_property="length"), 200),
        (terms(["submitted"], entity="response"), 200),
        (between(1, 2, entity="response", property="status"), 200),
        (between("a", "b", entity="record", property="status"), 200),
        (between("a", "b", entity="record", property="id"), 200),
        (between("a", "b", entity="metadata", metadata_property="length"), 200),
        (between("a", None, entity="record", property="inserted_at"), 422),
        (between(1e300, None, entity="record", property="inserted_at"), 200),
        (between("0001-01-01T00:00:00+14:00", None, entity="record", property="inserted_at"), 422),
        (between(0, None, entity="suggestion", question="label", property="agent"), 200),
        (terms(["x"], entity="metadata", metadata_property="nonsense"), 422),
        (terms(["x"], entity="response", question="nonsense"), 422),
        (sorted_by("desc", entity="response", property="status"), 200),
        (sorted_by("asc", entity="response"), 200),
        (sorted_by("asc", entity="response", question="parts"), 200),
        (sorted_by("asc", entity="suggestion", question="order", property=None), 200),
        (typed("otter", "nonsense"), 422),
    ],
)
def test_strange_filters_and_orders(
    client: rg.Argilla, dataset: rg.Dataset, body: dict[str, Any], status: int
) -> None:
    assert post(client, dataset, body).status_code == status
    assert post(client, dataset, body, mine=True).status_code == status


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_bounds_that_are_no_numbers(client: rg.Argilla, dataset: rg.Dataset, number: str) -> None:
    address = f"/api/v1/datasets/{dataset.id}/records/search"
    headers = {"content-type": "application/json"}
    body = between("?", None, entity="metadata", metadata_property="length")
    content = json.dumps(body).replace('"?"', number).encode()
    assert client.http_client.post(address, content=content, headers=headers).status_code < NEVER


def test_pages_beyond_the_end(client: rg.Argilla, dataset: rg.Dataset) -> None:
    for offset in (10**6, 2**63, 10**30):
        found = post(client, dataset, typed("otter"), offset=offset, limit=1)
        assert found.status_code == 200
        assert (found.json()["items"], found.json()["total"]) == ([], 1)
