"""What annotators say in the real Argilla, as the desk tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import argilla as rg
import httpx
import pytest

from feedback_app.desks.argilla import ArgillaDesk
from feedback_app.desks.argilla_users import ArgillaUsers
from feedback_app.desks.base import OWNER, DeskRanking, DeskRefused, Pulled
from tests.integration.desks.argilla.records import comparison, dataset_of, stored
from tests.integration.desks.argilla.server import API_KEY, WORKSPACE, ArgillaServer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def anna(shared_server: ArgillaServer) -> Iterator[httpx.Client]:
    """A second annotator, logged in with her own password. She stays: the official client cannot do with answers of
    a user who is gone."""
    with logged_in(shared_server, "anna") as client:
        yield client


@contextmanager
def logged_in(server: ArgillaServer, name: str) -> Iterator[httpx.Client]:
    made = ArgillaUsers(server.url, API_KEY, WORKSPACE).add(name)
    form = {"username": made.name, "password": made.password}
    token = httpx.post(f"{server.url}/api/v1/token", data=form).raise_for_status().json()["access_token"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def users(server: ArgillaServer) -> ArgillaUsers:
    return ArgillaUsers(server.url, API_KEY, WORKSPACE)


def ranks(*places: int | None) -> dict[str, Any]:
    listed = [{"value": f"reply_{i}", "rank": place} for i, place in enumerate(places, start=1) if place]
    return {"ranking": {"value": listed}}


def answer(
    client: httpx.Client, record_id: str, values: dict[str, Any], status: str = "submitted"
) -> httpx.Response:
    body: dict[str, Any] = {"record_id": record_id, "status": status, "values": values}
    found = client.post("/api/v1/me/responses/bulk", json={"items": [body]}).raise_for_status()
    assert found.json()["items"][0]["error"] is None
    return found


def everything(desk: ArgillaDesk) -> Pulled:
    pulled = desk.pull("")
    assert pulled is not None
    return pulled


def said(pulled: Pulled, comparison_id: str) -> dict[str, DeskRanking]:
    return {v.annotator: v for v in pulled.rankings if v.comparison_id == comparison_id}


def test_what_we_pushed_comes_back_as_the_push_told(client: rg.Argilla, desk: ArgillaDesk) -> None:
    records = [
        comparison(ranking=(("c2",), ("c1", "c3")), note=" warm \x00", edit="So.", aspects=("warmer", "odd")),
        comparison(ranking=(("c1", "c2", "c3"),), all_bad=True),
        comparison(ranking=None, skipped=True),
        comparison(ranking=None),
    ]
    pushed = desk.push(records)
    pulled = everything(desk)
    ours = {record.comparison_id for record in records}
    assert ours <= pulled.listed
    assert {v for v in pulled.rankings if v.comparison_id in ours} == set(pushed.rankings)
    states = [said(pulled, record.comparison_id).get(OWNER) for record in records]
    assert [verdict and verdict.state for verdict in states] == ["submitted", "submitted", "discarded", None]
    assert states[0] is not None
    assert (states[0].order, states[0].aspects, states[0].edit) == (((2,), (1, 3)), ("warmer",), "So.")


def test_nothing_is_read_again_until_somebody_answers(
    client: rg.Argilla, desk: ArgillaDesk, anna: httpx.Client
) -> None:
    record = comparison(ranking=None)
    desk.push([record])
    mark = everything(desk).mark
    desk.push([comparison()])
    assert desk.pull(mark) is None
    answer(anna, stored(client, record)["id"], ranks(1, 2, 3))
    assert desk.pull(mark) is not None


def test_each_annotator_is_told_by_name_and_our_push_leaves_their_answers(
    client: rg.Argilla, desk: ArgillaDesk, anna: httpx.Client
) -> None:
    record = comparison(ranking=None)
    desk.push([record])
    record_id = stored(client, record)["id"]
    more = {"note": {"value": "colder"}, "verdict": {"value": "all_bad"}, "aspects": {"value": ["warmer"]}}
    answer(anna, record_id, ranks(2, 1, 2) | more)
    desk.push([comparison(comparison_id=record.comparison_id)])
    found = said(everything(desk), record.comparison_id)
    assert set(found) == {OWNER, "anna"}
    hers = found["anna"]
    assert (hers.order, hers.note, hers.all_bad, hers.aspects) == (
        ((2,), (1, 3)),
        "colder",
        True,
        ("warmer",),
    )
    assert hers.at is not None


def test_drafts_and_discards_are_told_apart(
    client: rg.Argilla, desk: ArgillaDesk, anna: httpx.Client
) -> None:
    drafted, discarded = comparison(ranking=None), comparison(ranking=None)
    desk.push([drafted, discarded])
    answer(anna, stored(client, drafted)["id"], ranks(1, None, None), "draft")
    answer(anna, stored(client, discarded)["id"], {}, "discarded")
    pulled = everything(desk)
    assert said(pulled, drafted.comparison_id)["anna"].state == "draft"
    assert said(pulled, discarded.comparison_id)["anna"].state == "discarded"


def test_a_response_that_is_deleted_is_gone_and_its_record_still_listed(
    client: rg.Argilla, desk: ArgillaDesk, anna: httpx.Client
) -> None:
    record = comparison(ranking=None)
    desk.push([record])
    given = answer(anna, stored(client, record)["id"], ranks(1, 2, 3))
    mark = everything(desk).mark
    anna.delete(f"/api/v1/responses/{given.json()['items'][0]['item']['id']}").raise_for_status()
    pulled = desk.pull(mark)
    assert pulled is not None
    assert said(pulled, record.comparison_id) == {}
    assert record.comparison_id in pulled.listed


def test_who_has_no_login_any_more_took_nothing_back(
    client: rg.Argilla, desk: ArgillaDesk, server: ArgillaServer, users: ArgillaUsers
) -> None:
    record = comparison(ranking=None)
    desk.push([record])
    record_id = stored(client, record)["id"]
    with logged_in(server, "carla") as carla:
        answer(carla, record_id, ranks(3, 2, 1))
    before = everything(desk)
    assert set(said(before, record.comparison_id)) == {"carla"}
    users.remove("carla")
    after = everything(desk)
    client.http_client.delete(f"/api/v1/records/{record_id}").raise_for_status()
    assert said(after, record.comparison_id) == {}
    assert record.comparison_id in after.listed
    assert before.annotators is not None
    assert after.annotators == before.annotators - {"carla"}


def test_records_and_datasets_that_are_not_ours_are_left_alone(client: rg.Argilla, desk: ArgillaDesk) -> None:
    desk.push([comparison(2)])
    before = len(everything(desk).listed)
    fields = {"conversation": [{"role": "user", "content": "by hand"}], "reply_1": "a", "reply_2": "b"}
    address = f"/api/v1/datasets/{dataset_of(client, 2).id}/records/bulk"
    client.http_client.post(address, json={"items": [{"fields": fields}]}).raise_for_status()
    assert len(everything(desk).listed) == before


def test_logins_are_made_once_and_end(users: ArgillaUsers, server: ArgillaServer) -> None:
    made = users.add("bert")
    assert len(made.password) >= 16
    assert made.password not in repr(made)
    assert ("bert", "annotator") in [(user.name, user.role) for user in users.all()]
    with pytest.raises(DeskRefused, match="already"):
        users.add("bert")
    users.remove("bert")
    with pytest.raises(DeskRefused, match="no user bert"):
        users.remove("bert")
    with pytest.raises(DeskRefused, match="API key"):
        ArgillaUsers(server.url, "not-the-key", WORKSPACE).all()
