"""What annotators say in the real Label Studio arrives; what cannot be used is named, and the rest goes on."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from feedback_app.desks.base import OWNER, DeskProblem
from feedback_app.desks.label_studio import LabelStudioDesk
from tests.integration.desks.label_studio.records import (
    SECRET,
    answer,
    comparison,
    pending,
    project_of,
    pulled,
    said_of,
    task_of,
)
from tests.integration.desks.label_studio.server import LabelStudioServer

pytestmark = pytest.mark.integration
ANNA = "anna@example.org"


@pytest.fixture(scope="module")
def anna(shared_server: LabelStudioServer) -> Iterator[httpx.Client]:
    """The browser of a second person, who signed up by the owner's invitation."""
    headers = {"Authorization": f"Token {shared_server.owner.token}"}
    invited = httpx.get(f"{shared_server.url}/api/invite", headers=headers).json()["invite_url"]
    with httpx.Client(base_url=shared_server.url, timeout=60) as browser:
        browser.get(invited)
        form = {
            "email": ANNA,
            "password": "a long password",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post(invited, data=form).status_code == 302
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        yield browser


def said(client: httpx.Client, task: int, body: dict[str, object]) -> int:
    return int(client.post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status().json()["id"])


def test_the_owners_answer_on_the_page_arrives_and_so_does_its_change_and_its_end(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record = pending()
    desk.push([record])
    annotation = said(owner, task_of(owner, record)["id"], answer(["2", "1", "3"]))
    first = pulled(desk)
    assert said_of(first, record)[OWNER].order == ((2,), (1,), (3,))
    assert desk.pull(first.mark) is None
    owner.patch(f"/api/annotations/{annotation}/", json=answer(["3", "1", "2"])).raise_for_status()
    second = pulled(desk, first.mark)
    assert said_of(second, record)[OWNER].order == ((3,), (1,), (2,))
    owner.delete(f"/api/annotations/{annotation}/").raise_for_status()
    third = pulled(desk, second.mark)
    assert record.comparison_id in third.listed
    assert said_of(third, record) == {}


def test_skip_on_the_page_is_a_record_set_aside(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = pending()
    desk.push([record])
    said(owner, task_of(owner, record)["id"], {"result": [], "was_cancelled": True})
    assert said_of(pulled(desk), record)[OWNER].state == "discarded"


def test_a_draft_says_nothing_yet(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    record = pending()
    desk.push([record])
    draft = {"result": answer(["1", "2", "3"])["result"]}
    owner.post(f"/api/tasks/{task_of(owner, record)['id']}/drafts", json=draft).raise_for_status()
    assert said_of(pulled(desk), record) == {}


def test_another_annotators_answer_arrives_under_their_address_and_is_left_alone(
    desk: LabelStudioDesk, owner: httpx.Client, anna: httpx.Client
) -> None:
    record = comparison()
    desk.push([record])
    said(anna, task_of(owner, record)["id"], answer(["1", "2", "3"]))
    for change in (record, replace(record, note="changed"), replace(record, ranking=None)):
        desk.push([change])
        assert said_of(pulled(desk), record)[ANNA].order == ((1,), (2,), (3,))
    assert OWNER not in said_of(pulled(desk), record)


def test_a_ranking_that_is_not_complete_is_a_problem_and_the_rest_arrives(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    half, whole = pending(), comparison()
    desk.push([half, whole])
    said(owner, task_of(owner, half)["id"], answer(["2"]))
    found = pulled(desk)
    (problem,) = [each for each in found.problems if each.comparison_id == half.comparison_id]
    assert problem.annotator == OWNER
    assert "not complete" in problem.reason
    assert SECRET not in str(found.problems)
    assert OWNER in said_of(found, whole)
    desk.push([replace(half, ranking=whole.ranking)])
    assert half.comparison_id not in [each.comparison_id for each in pulled(desk).problems]


def test_a_task_that_lost_its_comparison_id_is_named_and_is_not_pushed_over(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record, other = comparison(), comparison()
    desk.push([record, other])
    task = task_of(owner, record)
    data = {**task["data"], "comparison_id": 5}
    owner.patch(f"/api/tasks/{task['id']}/", json={"data": data}).raise_for_status()
    found = pulled(desk)
    assert [each.reason for each in found.problems if f"task {task['id']} " in each.reason]
    assert record.comparison_id not in found.listed
    assert other.comparison_id in found.listed
    owner.delete(f"/api/tasks/{task['id']}/").raise_for_status()


def test_a_project_whose_question_was_renamed_is_named_and_the_others_go_on(
    desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    record, fine = comparison(6), comparison()
    desk.push([record, fine])
    project = project_of(owner, 6)
    config = owner.get(f"/api/projects/{project}/").json()["label_config"]
    renamed = {"label_config": config.replace('name="note"', 'name="remark"')}
    owner.patch(f"/api/projects/{project}/", json=renamed).raise_for_status()
    found = pulled(desk)
    assert DeskProblem("", "codelynn-6", reason_for("codelynn-6")) in found.problems
    assert record.comparison_id not in found.listed
    assert OWNER in said_of(found, fine)
    pushed = desk.push([record, fine])
    assert pushed.refused == {record.comparison_id: reason_for("codelynn-6")}
    owner.patch(f"/api/projects/{project}/", json={"label_config": config}).raise_for_status()
    assert said_of(pulled(desk, found.mark), record)[OWNER].state == "submitted"


def reason_for(title: str) -> str:
    return (
        f"the project {title} was changed by hand (question `note`): "
        "correct its labelling configuration, or rename it"
    )


def test_what_is_not_ours_is_left_alone(desk: LabelStudioDesk, owner: httpx.Client) -> None:
    config = (
        '<View><Text name="t" value="$t"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
    )
    body = {"title": "codelynn-3 of mine", "label_config": config}
    project = owner.post("/api/projects", json=body).raise_for_status().json()["id"]
    owner.post(f"/api/projects/{project}/import", json=[{"t": "mine"}]).raise_for_status()
    desk.push([comparison()])
    assert not [each for each in pulled(desk).problems if "mine" in each.reason]
    assert owner.get(f"/api/projects/{project}/").json()["task_number"] == 1
