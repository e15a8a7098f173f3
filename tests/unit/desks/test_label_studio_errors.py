"""What the Label Studio desk makes of a server that fails: only what the real server cannot be brought to do."""

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from feedback_app.desks import label_studio_client
from feedback_app.desks import label_studio_payload as payload
from feedback_app.desks.base import DeskRefused, DeskUnavailable
from feedback_app.desks.label_studio import LabelStudioDesk
from tests.unit.desks.test_label_studio_payload import RECORD

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def asked() -> list[str]:
    return []


def desk_over(answer: Answer, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> LabelStudioDesk:
    """A desk whose server is that function."""

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answer(request)

    def client(**_: object) -> httpx.Client:
        return real(transport=httpx.MockTransport(counted))

    real = httpx.Client
    monkeypatch.setattr(label_studio_client.httpx, "Client", client)
    return LabelStudioDesk("http://desk.invalid", "0" * 40)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, DeskRefused),
        (403, DeskRefused),
        (429, DeskUnavailable),
        (500, DeskUnavailable),
        (502, DeskUnavailable),
        (302, DeskUnavailable),
    ],
)
def test_a_failing_server_is_told_in_one_line_and_not_asked_again(
    status: int, error: type[Exception], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"detail": "Good morning"})

    desk = desk_over(answer, asked, monkeypatch)
    for ask in (lambda: desk.push([RECORD]), lambda: desk.pull("")):
        asked.clear()
        with pytest.raises(error, match=str(status)) as caught:
            ask()
        assert len(asked) == 1
        assert "Good morning" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not desk.health()


@pytest.mark.parametrize(
    "body", ["<html>sign in</html>", "[]", '{"results": 5}', '{"results": [{}], "count": 1}']
)
def test_an_answer_that_makes_no_sense_is_unavailable(
    body: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_over(lambda _: httpx.Response(200, text=body), asked, monkeypatch)
    with pytest.raises(DeskUnavailable):
        desk.push([RECORD])
    assert len(asked) <= 3


def test_a_record_that_the_server_will_not_take_is_refused_and_the_others_go(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = {
        name: {"type": tag, "labels": [payload.TIE, payload.ALL_BAD]}
        for name, tag in payload.question_types(2).items()
    }
    project = {"id": 7, "title": "codelynn-2", "parsed_label_config": questions}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/import"):
            bad = "k2" in [task["data"]["comparison_id"] for task in json.loads(request.content)]
            return httpx.Response(400 if bad else 201, json={"detail": "Good morning"})
        if request.url.path == "/api/projects/":
            return httpx.Response(200, json={"count": 1, "results": [project]})
        if request.url.path == "/api/tasks/":
            return httpx.Response(200, json={"total": 0, "total_annotations": 0, "tasks": []})
        return httpx.Response(200, json=project)

    desk = desk_over(answer, asked, monkeypatch)
    pushed = desk.push([replace(RECORD, comparison_id=f"k{number}") for number in (1, 2, 3)])
    assert list(pushed.refused) == ["k2"]
    assert "Good morning" not in pushed.refused["k2"]
    assert [verdict.comparison_id for verdict in pushed.rankings] == ["k1", "k3"]
