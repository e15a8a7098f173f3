"""The Label Studio desk against the real server."""

import socket
import time
from dataclasses import replace

import httpx
import pytest

from feedback_app.desks.base import OWNER, DeskRanking, DeskRefused, DeskUnavailable
from feedback_app.desks.label_studio import LabelStudioDesk
from feedback_app.domain.comparison import Message
from feedback_app.processes.local_files import free_port
from tests.integration.desks.label_studio.records import (
    SECRET,
    answer,
    comparison,
    pending,
    project_of,
    pulled,
    said_of,
    stored,
    task_of,
)
from tests.integration.desks.label_studio.server import LabelStudioServer

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("replies", "ranking", "order"),
    [
        (2, (("c1",), ("c2",)), ((1,), (2,))),
        (2, (("c2",), ("c1",)), ((2,), (1,))),
        (2, (("c1", "c2"),), ((1, 2),)),
        (3, (("c2",), ("c3", "c1")), ((2,), (1, 3))),
        (3, (("c1", "c2", "c3"),), ((1, 2, 3),)),
        (4, (("c4", "c1"), ("c3", "c2")), ((1, 4), (2, 3))),
    ],
)
def test_a_ranking_comes_back_as_it_was_pushed(
    desk: LabelStudioDesk,
    replies: int,
    ranking: tuple[tuple[str, ...], ...],
    order: tuple[tuple[int, ...], ...],
) -> None:
    record = comparison(replies, ranking=ranking, note="first\nsecond", edit="A newt is a salamander.")
    wanted = DeskRanking(
        record.comparison_id,
        OWNER,
        "submitted",
        order,
        aspects=("warmer", "clearer"),
        note="first\nsecond",
        edit="A newt is a salamander.",
    )
    assert desk.push([record]).rankings == (wanted,)
    assert said_of(pulled(desk), record) == {OWNER: wanted}


@pytest.mark.parametrize("replies", [2, 3])
def test_all_bad_comes_back(desk: LabelStudioDesk, replies: int) -> None:
    record = comparison(replies, ranking=None, all_bad=True, aspects=())
    desk.push([record])
    verdict = said_of(pulled(desk), record)[OWNER]
    assert (verdict.state, verdict.all_bad, verdict.aspects) == ("submitted", True, ())
    assert verdict.order == (tuple(range(1, replies + 1)),)


def test_a_pending_record_is_a_task_without_annotations_and_without_the_models(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record = pending(2)
    assert desk.push([record]).rankings == ()
    task = task_of(owner, record)
    assert task["annotations"] == []
    assert task["data"]["reply_1"] == "Reply c1: a <b>small</b> amphibian."
    assert "model-c1" not in str(task)
    found = pulled(desk)
    assert record.comparison_id in found.listed
    assert said_of(found, record) == {}


def test_pushing_again_makes_no_second_task_and_changes_nothing(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record = comparison()
    desk.push([record, record])
    before = task_of(owner, record)
    desk.push([record])
    assert task_of(owner, record) == before


def test_another_process_pushing_the_same_record_makes_no_second_task(
    desk: LabelStudioDesk, server: LabelStudioServer, owner: httpx.Client
) -> None:
    first, second = comparison(), comparison()
    desk.push([first])
    other = LabelStudioDesk(server.url, server.owner.token)
    other.push([first, second])
    other.close()
    desk.push([second])
    assert (len(stored(owner, first)), len(stored(owner, second))) == (1, 1)


def test_a_changed_verdict_replaces_the_annotation(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = comparison(note="first thought")
    desk.push([record])
    desk.push([replace(record, ranking=(("c1",), ("c2", "c3")), note="")])
    assert len(task_of(owner, record)["annotations"]) == 1
    verdict = said_of(pulled(desk), record)[OWNER]
    assert (verdict.order, verdict.note) == (((1,), (2, 3)), "")


def test_an_undone_verdict_goes_and_the_task_stays(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = comparison()
    desk.push([record])
    for _ in range(2):
        desk.push([replace(record, ranking=None)])
    assert task_of(owner, record)["annotations"] == []
    desk.push([record])
    assert said_of(pulled(desk), record)[OWNER].order == ((3,), (2,), (1,))


def test_a_skipped_record_is_a_cancelled_annotation_and_back(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record = comparison()
    desk.push([replace(record, ranking=None, skipped=True)])
    (annotation,) = task_of(owner, record)["annotations"]
    assert annotation["was_cancelled"] is True
    assert said_of(pulled(desk), record)[OWNER].state == "discarded"
    desk.push([record])
    assert said_of(pulled(desk), record)[OWNER].state == "submitted"


def test_scores_arrive_as_a_prediction_that_follows_them(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = pending(scores=(0.5, 2.0, 1.5), scorer="reward-v3")
    pair = pending(2, scores=(0.5, 2.0), scorer="reward-v3")
    assert desk.push([record, pair]).refused == {}
    desk.push([replace(record, scores=(3.0, 2.0, 1.5))])
    task = owner.get(f"/api/tasks/{task_of(owner, record)['id']}/").json()
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("reward-v3", 1.0)
    assert prediction["result"][0]["value"]["ranker"]["place_1"] == ["1"]


def test_odd_texts_are_taken(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    odd = "\x00 \ud800 <img src=x> $reply_1 " + "long " * 10_000
    record = comparison(
        2,
        messages=(Message("assistant", ""), Message("user", odd)),
        candidates=(("c1", "", "base"), ("c2", odd, "base")),
        aspects=("made-up", "warmer", "warmer"),
    )
    assert desk.push([record]).refused == {}
    assert task_of(owner, record)["data"]["reply_2"].endswith("long long ")
    assert said_of(pulled(desk), record)[OWNER].aspects == ("warmer",)


def test_records_that_no_project_can_hold_are_refused_and_the_rest_goes_on(desk: LabelStudioDesk) -> None:
    alone, good = comparison(1), comparison(2)
    pushed = desk.push([alone, good])
    assert list(pushed.refused) == [alone.comparison_id]
    assert [verdict.comparison_id for verdict in pushed.rankings] == [good.comparison_id]


def test_copies_of_a_task_are_merged_unless_somebody_else_answered_there(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    """Two imports of one record: the answer to the first was lost."""
    record = comparison()
    desk.push([record])
    task = task_of(owner, record)
    copy = [{"data": task["data"], "annotations": [answer(["1", "2", "3"])]}]
    owner.post(f"/api/projects/{task['project']}/import", json=copy).raise_for_status()
    assert len(stored(owner, record)) == 2
    desk.push([record])
    assert task_of(owner, record)["id"] == task["id"]
    assert said_of(pulled(desk), record)[OWNER].order == ((3,), (2,), (1,))


def test_a_deleted_project_is_made_again(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    desk.push([comparison(5)])
    owner.delete(f"/api/projects/{project_of(owner, 5)}/").raise_for_status()
    record = comparison(5)
    assert desk.push([record]).refused == {}
    assert said_of(pulled(desk), record)[OWNER].order == ((5,), (4,), (3,), (2,), (1,))


def test_a_deleted_task_is_made_again(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = comparison()
    desk.push([record])
    owner.delete(f"/api/tasks/{task_of(owner, record)['id']}/").raise_for_status()
    assert record.comparison_id not in pulled(desk).listed
    desk.push([record])
    assert len(stored(owner, record)) == 1


@pytest.mark.parametrize("token", ["0" * 40, "not-a-token"])
def test_a_wrong_token_is_refused(server: LabelStudioServer, token: str) -> None:
    desk = LabelStudioDesk(server.url, token)
    for ask in (lambda: desk.push([comparison()]), lambda: desk.pull("")):
        with pytest.raises(DeskRefused, match="CODELYNN_LABEL_STUDIO_TOKEN"):
            ask()
    assert not desk.health()
    desk.close()


def test_a_desk_that_is_away_is_unavailable_at_once() -> None:
    desk = LabelStudioDesk(f"http://127.0.0.1:{free_port()}", "0" * 40, timeout=2)
    started = time.monotonic()
    with pytest.raises(DeskUnavailable) as caught:
        desk.push([comparison()])
    assert time.monotonic() - started < 5
    assert SECRET not in str(caught.value)
    assert not desk.health()


def test_a_desk_that_does_not_answer_is_unavailable_within_the_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        desk = LabelStudioDesk(f"http://127.0.0.1:{silent.getsockname()[1]}", "0" * 40, timeout=0.5)
        started = time.monotonic()
        with pytest.raises(DeskUnavailable):
            desk.pull("")
        assert time.monotonic() - started < 5
        desk.close()
