"""Similarity search over the cached vectors: it sees each change at once."""

from typing import Any

import argilla as rg
import pytest

from tests.integration.argilla_server import WORKSPACE, ArgillaServer
from tests.integration.desks.argilla.records import ids_of, searched

pytestmark = pytest.mark.integration
PLACES = {"east": [1.0, 0.0], "northeast": [2.0, 2.0], "north": [0.0, 1.0], "west": [-3.0, 0.0]}


@pytest.fixture
def dataset(client: rg.Argilla, server: ArgillaServer, request: pytest.FixtureRequest) -> rg.Dataset:
    settings = rg.Settings(
        fields=[rg.TextField(name="text")],
        questions=[rg.LabelQuestion(name="choice", labels=["A", "B"])],
        metadata=[rg.TermsMetadataProperty(name="half")],
        vectors=[rg.VectorField(name="place", dimensions=2), rg.VectorField(name="unused", dimensions=3)],
    )
    name = f"vectors-{abs(hash(request.node.name))}"
    dataset = rg.Dataset(name=name, workspace=WORKSPACE, settings=settings, client=client).create()
    log(dataset, PLACES)
    dataset.records.log([rg.Record(id="nowhere", fields={"text": "nowhere"})])
    return dataset


def log(dataset: rg.Dataset, places: dict[str, list[float]]) -> None:
    dataset.records.log(
        [
            rg.Record(
                id=key,
                fields={"text": f"to the {key}"},
                metadata={"half": "upper" if place[1] else "lower"},
                vectors={"place": place},
            )
            for key, place in places.items()
        ]
    )


def near(value: list[float], **more: Any) -> dict[str, Any]:
    return {"query": {"vector": {"name": "place", "value": value, **more}}}


def test_the_nearest_come_first_with_elasticsearchs_score(client: rg.Argilla, dataset: rg.Dataset) -> None:
    result = searched(client, dataset, near([5.0, 0.0]))
    assert ids_of(result) == ["east", "northeast", "north", "west"]
    scores = [item["query_score"] for item in result["items"]]
    assert scores == pytest.approx([1, (1 + 0.5**0.5) / 2, 0.5, 0], abs=1e-5)
    farthest = searched(client, dataset, near([5.0, 0.0], order="least_similar"), limit=1)
    assert ids_of(farthest) == ["west"]


def test_added_changed_and_deleted_vectors_are_seen_at_once(client: rg.Argilla, dataset: rg.Dataset) -> None:
    south = near([0.0, -1.0])
    assert ids_of(searched(client, dataset, south))[-1] == "north"
    log(dataset, {"south": [0.0, -9.0]})
    assert ids_of(searched(client, dataset, south))[0] == "south"
    log(dataset, {"north": [0.1, -9.0], "south": [0.0, 9.0]})
    assert ids_of(searched(client, dataset, south))[0] == "north"
    (north,) = dataset.records(rg.Query(filter=rg.Filter(("id", "==", "north"))))
    dataset.records.delete([north])
    left = ids_of(searched(client, dataset, south))
    assert sorted(left[:2]) == ["east", "west"]  # both at a right angle
    assert left[2:] == ["northeast", "south"]


def test_vectors_survive_a_restart(client: rg.Argilla, dataset: rg.Dataset, server: ArgillaServer) -> None:
    before = searched(client, dataset, near([0.3, 1.0]))
    server.kill()
    server.start()
    assert searched(client, dataset, near([0.3, 1.0])) == before
    log(dataset, {"up": [0.3, 1.0]})
    assert ids_of(searched(client, dataset, near([0.3, 1.0])))[0] == "up"


def test_filters_and_text_still_apply(client: rg.Argilla, dataset: rg.Dataset) -> None:
    half = {"entity": "metadata", "metadata_property": "half"}
    upper = {"filters": {"and": [{"type": "terms", "scope": half, "values": ["upper"]}]}}
    assert ids_of(searched(client, dataset, near([1.0, 0.0]) | upper)) == ["northeast", "north"]
    worded = near([1.0, 0.0])
    worded["query"]["text"] = {"q": "north* -north"}
    assert ids_of(searched(client, dataset, worded)) == ["northeast"]
    worded["query"]["text"] = {"q": "nobody"}
    assert ids_of(searched(client, dataset, worded)) == []


def test_a_record_is_not_similar_to_itself(client: rg.Argilla, dataset: rg.Dataset) -> None:
    items = searched(client, dataset, near([1.0, 0.0]), limit=1)["items"]
    like_east = {"query": {"vector": {"name": "place", "record_id": items[0]["record"]["id"]}}}
    assert ids_of(searched(client, dataset, like_east)) == ["northeast", "north", "west"]


def test_a_setting_without_vectors_finds_nothing(client: rg.Argilla, dataset: rg.Dataset) -> None:
    body = {"query": {"vector": {"name": "unused", "value": [1.0, 0.0, 0.0]}}}
    assert searched(client, dataset, body) == {"items": [], "total": 0}


def test_a_vector_of_another_length_is_the_callers_mistake(client: rg.Argilla, dataset: rg.Dataset) -> None:
    address = f"/api/v1/datasets/{dataset.id}/records/search"
    assert client.http_client.post(address, json=near([1.0])).status_code == 422


def test_a_vector_of_zeros_is_answered(client: rg.Argilla, dataset: rg.Dataset) -> None:
    assert len(ids_of(searched(client, dataset, near([0.0, 0.0])))) == len(PLACES)
