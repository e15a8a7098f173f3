"""The Argilla desk against the real, embedded server."""

import socket
import time
from dataclasses import replace

import argilla as rg
import pytest

from feedback_app.desks.argilla import ArgillaDesk
from feedback_app.desks.base import DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Message
from tests.integration.desks.argilla.records import (
    SECRET,
    answers_of,
    comparison,
    count,
    dataset_of,
    ranks_of,
    stored,
)
from tests.integration.desks.argilla.server import API_KEY, WORKSPACE, ArgillaServer, free_port

pytestmark = pytest.mark.integration


def test_a_ranking_with_a_tie_arrives_as_a_submitted_response(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(ranking=(("c2",), ("c1", "c3")), note="  ", edit="A newt is a salamander.")
    desk.push([record])
    item = stored(client, record)
    assert ranks_of(item) == {"reply_2": 1, "reply_1": 2, "reply_3": 2}
    given = answers_of(item)
    assert given["edit"] == "A newt is a salamander."
    assert given["aspects"] == ["warmer", "clearer"]
    assert given["verdict"] == "some_good"
    assert "note" not in given
    assert item["status"] == "completed"
    assert item["metadata"]["models"] == ["model-c1", "model-c2", "model-c3"]
    assert item["metadata"]["winner"] == ["model-c2"]
    assert item["fields"]["conversation"][0] == {"role": "system", "content": "Be kind."}


def test_all_bad_arrives_as_a_tie_with_its_verdict(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(2, ranking=(("c1", "c2"),), all_bad=True, note="Both are cold.")
    desk.push([record])
    item = stored(client, record)
    assert ranks_of(item) == {"reply_1": 1, "reply_2": 1}
    assert answers_of(item)["verdict"] == "all_bad"
    assert answers_of(item)["note"] == "Both are cold."
    assert "winner" not in item["metadata"]


def test_delivering_again_changes_nothing(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison()
    desk.push([record])
    before, total = stored(client, record), count(client, 3)
    desk.push([record])
    after = stored(client, record)
    assert count(client, 3) == total
    assert after["id"] == before["id"]
    assert after["responses"][0]["id"] == before["responses"][0]["id"]
    assert answers_of(after) == answers_of(before)


def test_a_changed_ranking_replaces_the_response(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(note="first thought")
    desk.push([record])
    desk.push([replace(record, ranking=(("c1",), ("c2",), ("c3",)), note="")])
    item = stored(client, record)
    assert ranks_of(item) == {"reply_1": 1, "reply_2": 2, "reply_3": 3}
    assert "note" not in answers_of(item)


def test_an_undone_ranking_takes_our_response_back_and_keeps_the_record(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    record = comparison()
    desk.push([record])
    undone = replace(record, ranking=None)
    desk.push([undone])
    desk.push([undone])
    item = stored(client, record)
    assert item["responses"] == []
    assert item["status"] == "pending"
    assert "winner" not in item["metadata"]
    desk.push([record])
    assert ranks_of(stored(client, record))["reply_3"] == 1


def test_unknown_aspects_and_odd_texts_are_taken(client: rg.Argilla, desk: ArgillaDesk) -> None:
    odd = "\x00 \ud800 " + "long " * 10_000
    record = comparison(
        2,
        messages=(Message("assistant", ""), Message("user", odd)),
        candidates=(("c1", "", "base"), ("c2", odd, "base")),
        aspects=("made-up", "warmer", "warmer"),
    )
    desk.push([record])
    item = stored(client, record)
    assert "".join(turn["content"] for turn in item["fields"]["conversation"]).endswith("long long ")
    assert item["fields"]["reply_1"] == ""
    assert answers_of(item)["aspects"] == ["warmer"]
    assert item["metadata"]["tone"] == ["made-up", "warmer"]


def test_filters_and_text_search_find_records_through_the_official_client(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    """The search engine that stands in for Elasticsearch, over four replies (a dataset of this test's own)."""
    animals = ["otter", "otter", "whale"]
    for number, animal in enumerate(animals):
        question = (Message("user", f"Question number {number} about the {animal}"),)
        ranking = None if number == 2 else (("c1",), ("c2", "c3"), ("c4",))
        desk.push([comparison(4, messages=question, ranking=ranking, annotator=f"person-{number}")])
    assert count(client, 4, query="otter") == 2
    assert count(client, 4, query='"number 1 about"') == 1
    assert count(client, 4, query="ott* -number") == 0
    assert count(client, 4, query="zebra") == 0
    assert count(client, 4, query="a\"b AND (* -- ' OR") == 0
    assert count(client, 4, filter=rg.Filter(("status", "==", "completed"))) == 2
    assert count(client, 4, filter=rg.Filter(("response.status", "==", "submitted"))) == 2
    assert count(client, 4, filter=rg.Filter(("metadata.annotator", "in", ["person-0", "person-2"]))) == 1
    assert count(client, 4, filter=rg.Filter(("metadata.winner", "==", "model-c1"))) == 2
    assert count(client, 4, filter=rg.Filter(("aspects.response", "==", "warmer"))) == 2
    progress = dataset_of(client, 4).progress()
    assert (progress["total"], progress["completed"], progress["pending"]) == (3, 2, 1)


def test_a_dataset_that_somebody_deleted_is_made_again(client: rg.Argilla, desk: ArgillaDesk) -> None:
    desk.push([comparison(5)])
    dataset_of(client, 5).delete()
    record = comparison(5)
    desk.push([record])
    assert count(client, 5) == 1


def test_a_dataset_whose_creation_was_cut_off_is_made_again(client: rg.Argilla, desk: ArgillaDesk) -> None:
    workspace = client.workspaces(WORKSPACE)
    assert workspace is not None
    draft = {"name": "codelynn-6", "workspace_id": str(workspace.id)}
    client.http_client.post("/api/v1/datasets", json=draft).raise_for_status()
    desk.push([comparison(6)])
    assert count(client, 6) == 1


def test_a_record_that_argilla_cannot_take_is_refused_and_the_others_arrive(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    single, good = comparison(1), [comparison(), comparison(), comparison(2)]
    odd = comparison(3, scores=(1.0, 2.0, 3.0), scorer="ÄÖÜ")  # letters that Argilla does not take
    pushed = desk.push([single, good[0], odd, *good[1:]])
    assert set(pushed.refused) == {single.comparison_id, odd.comparison_id}
    assert "2 to 50" in pushed.refused[single.comparison_id]
    assert {verdict.comparison_id for verdict in pushed.rankings} == {r.comparison_id for r in good}
    assert all(stored(client, record) for record in good)


def test_a_dataset_that_is_not_ours_is_named_and_the_others_go_on(
    client: rg.Argilla, desk: ArgillaDesk
) -> None:
    foreign = rg.Settings(fields=[rg.TextField(name="text")], questions=[rg.TextQuestion(name="why")])
    rg.Dataset(name="codelynn-7", workspace=WORKSPACE, settings=foreign, client=client).create()
    alien, good = comparison(7), comparison()
    pushed = desk.push([alien, good])
    assert "codelynn-7 does not have codeLynn's questions" in pushed.refused[alien.comparison_id]
    assert stored(client, good)
    dataset_of(client, 7).delete()


def test_rewards_arrive_as_suggestions(client: rg.Argilla, desk: ArgillaDesk) -> None:
    record = comparison(ranking=None, scores=(0.5, 2.0, 0.5), scorer="reward-model")
    desk.push([record])
    address = f"/api/v1/datasets/{dataset_of(client, 3).id}/records"
    items = client.http_client.get(address, params={"include": "suggestions", "limit": 500}).json()["items"]
    (item,) = [each for each in items if each["external_id"] == record.comparison_id]
    (found,) = item["suggestions"]
    assert {each["value"]: each["rank"] for each in found["value"]} == {
        "reply_2": 1,
        "reply_1": 2,
        "reply_3": 2,
    }
    assert found["agent"] == "reward-model"
    assert found["score"][1] > 0.8 > found["score"][0] == found["score"][2]


def test_a_wrong_key_is_refused(server: ArgillaServer) -> None:
    desk = ArgillaDesk(server.url, "not-the-key", WORKSPACE)
    with pytest.raises(DeskRefused, match="API key"):
        desk.push([comparison()])
    assert not desk.health()


def test_a_desk_that_is_away_is_unavailable_at_once() -> None:
    desk = ArgillaDesk(f"http://127.0.0.1:{free_port()}", API_KEY, WORKSPACE, timeout=2)
    started = time.monotonic()
    with pytest.raises(DeskUnavailable) as caught:
        desk.push([comparison()])
    assert time.monotonic() - started < 2
    assert SECRET not in str(caught.value)
    assert not desk.health()


def test_a_desk_that_does_not_answer_is_unavailable_within_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        desk = ArgillaDesk(f"http://127.0.0.1:{silent.getsockname()[1]}", API_KEY, WORKSPACE, timeout=0.5)
        started = time.monotonic()
        with pytest.raises(DeskUnavailable):
            desk.push([comparison()])
        assert time.monotonic() - started < 2
