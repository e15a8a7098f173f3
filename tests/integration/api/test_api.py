"""The HTTP API with a real store and a real model: every call that DESIGN fixes."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient

from feedback_app import main
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import ComparisonStatus, Sampling
from feedback_app.domain.round import Checkpoint, RoundEvent, RoundState
from feedback_app.main import App, prepare_database
from feedback_app.settings import Settings
from tests.fakes import LongerIsBetter
from tests.tiny_model import known_personas
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def app(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        base_model=str(tiny_model),
        max_new_tokens=12,
        temperature=0,
        personas=known_personas(home / "personas"),
        redis_url="redis://127.0.0.1:1/0",
        min_pairs=1,
    )
    prepare_database(settings)
    with patch.object(main, "live_reward", lambda settings: LongerIsBetter):
        built = main.build(settings)
    yield built
    built.close()


@pytest.fixture(scope="module")
def client(app: App) -> TestClient:
    api = build_api(app.services, app.store, app.engine, lambda: Sampling(max_new_tokens=12), lambda: None)
    return TestClient(api, base_url="http://127.0.0.1")


def compare(client: TestClient, prompt: str, **more: object) -> dict[str, object]:
    answer = client.post("/api/v1/comparisons", json={"prompt": prompt, **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.json()
    return body


def test_a_comparison_is_blind_until_it_is_ranked(client: TestClient) -> None:
    body = compare(client, "Hello, how are you?")
    assert [c["id"] for c in body["candidates"]] == ["c1", "c2"]
    assert body["status"] == "open"
    assert all(c["text"] for c in body["candidates"])
    assert all(c["model"] is None for c in body["candidates"])
    url = f"/api/v1/comparisons/{body['id']}/ranking"
    ranked = client.put(
        url, json={"ranking": [["c2"], ["c1"]], "aspects": ["warmer"], "note": "", "edit": None}
    )
    assert ranked.status_code == 200
    assert [c["model"] for c in ranked.json()["candidates"]] == ["base", "base"]
    again = client.put(
        url, json={"ranking": [["c2"], ["c1"]], "aspects": ["warmer"], "note": "", "edit": None}
    )
    assert again.json() == ranked.json()
    undone = client.delete(url)
    assert undone.json()["ranking"] is None
    assert undone.json()["status"] == "open"


def test_a_guess_is_told_with_the_verdict_and_never_before(client: TestClient, app: App) -> None:
    first = compare(client, "Teach me something")
    client.put(f"/api/v1/comparisons/{first['id']}/ranking", json={"ranking": [["c1"], ["c2"]]})
    until(lambda: app.services.live_reward.state().votes > 0)
    second = compare(client, "And something more")
    until(lambda: app.store.guesses.get(str(second["id"])))
    url = f"/api/v1/comparisons/{second['id']}"
    assert "guess" not in client.get(url).json()
    guess = client.put(f"{url}/ranking", json={"ranking": [["c2"], ["c1"]]}).json()["guess"]
    assert sum(guess["probabilities"].values()) == pytest.approx(1)
    assert set(guess["probabilities"]) == {"c1", "c2"}
    assert guess["votes"] > 0


def test_a_conversation_can_be_compared_by_four(client: TestClient) -> None:
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Tell me a joke."},
    ]
    answer = client.post("/api/v1/comparisons", json={"messages": messages, "n": 4})
    assert answer.status_code == 201
    assert len(answer.json()["candidates"]) == 4


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"prompt": "   "}, "the prompt is empty"),
        ({"prompt": "Hi", "n": 9}, "less than or equal to 4"),
        ({}, "give either `prompt` or `messages`"),
        ({"prompt": "Hi", "models": ["base", "nobody"]}, "no model 'nobody'"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    client: TestClient, body: dict[str, object], told: str
) -> None:
    answer = client.post("/api/v1/comparisons", json=body)
    assert answer.status_code in (404, 422)
    assert told in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_a_refused_body_is_not_sent_back(client: TestClient) -> None:
    answer = client.post("/api/v1/comparisons", json={"prompt": "a private thought", "n": "many"})
    assert answer.status_code == 422
    assert "private" not in answer.text


def test_pages_of_comparisons_follow_the_cursor(client: TestClient) -> None:
    made = {compare(client, f"Question {i}")["id"] for i in range(3)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/v1/comparisons", params=params).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert client.get("/api/v1/comparisons", params={"cursor": "nonsense"}).status_code == 422


def test_what_was_exported_comes_back_in_as_already_there(client: TestClient) -> None:
    body = compare(client, "Export me")
    client.put(f"/api/v1/comparisons/{body['id']}/ranking", json={"ranking": [["c1"], ["c2"]]})
    exported = client.get("/api/v1/export", params={"format": "rankings"})
    assert exported.headers["content-disposition"] == 'attachment; filename="codelynn-rankings.jsonl"'
    again = client.post("/api/v1/import", params={"format": "rankings"}, content=exported.content)
    told = again.json()
    lines = len(exported.text.splitlines())
    assert (told["format"], told["added"], told["skipped"]) == ("rankings", 0, lines)
    assert (told["kinds"], told["left_out"], told["ignored"]) == ({"rankings": lines}, {}, {})


def test_bad_lines_of_an_import_are_listed_by_number(client: TestClient) -> None:
    good = json.dumps({"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}]})  # fmt: skip
    answer = client.post("/api/v1/import?format=trl", content=f"{good}\nnot json\n{{}}\n")
    assert answer.status_code == 422
    assert [bad["line"] for bad in answer.json()["errors"]] == [2, 3]
    assert answer.json()["bad_lines"] == 2


def test_an_import_without_a_format_is_told_from_its_records(client: TestClient) -> None:
    asked = [{"role": "user", "content": "How was your day?"}, {"role": "assistant", "content": "Go away."}]
    content = json.dumps({"messages": asked, "label": False, "margin": 1})
    refused = client.post("/api/v1/import", content=content)
    assert refused.status_code == 422
    assert "has `margin`" in refused.json()["errors"][0]["reason"]
    trial = client.post("/api/v1/import?ignore=margin&dry_run=true", content=content).json()
    told = client.post("/api/v1/import?ignore=margin", content=content).json()
    assert (trial["format"], trial["added"], trial["dry_run"]) == ("kto", 1, True)
    assert (told["added"], told["kinds"], told["ignored"]) == (1, {"ratings": 1}, {"margin": 1})
    assert client.post("/api/v1/import?ignore=label", content=content).status_code == 422
    unknown = client.post("/api/v1/import", content='{"text": "private words"}')
    assert unknown.status_code == 422
    assert unknown.json()["detail"] == (
        "Unrecognised file: choose a format; its records have the fields `text`"
    )


def test_a_data_set_of_others_comes_in_and_is_not_written(client: TestClient) -> None:
    pair = {"instruction": "Name a drink.", "response1": "Tea", "response2": "Rain"}
    content = json.dumps([pair | {"annotator1": 1, "annotator2": 0, "annotator3": 2}])
    told = client.post("/api/v1/import?format=pandalm", content=content).json()
    assert (told["format"], told["added"], told["skipped"]) == ("pandalm", 1, 0)
    answer = client.get("/api/v1/export?format=pandalm")
    assert answer.status_code == 422
    assert "pandalm can only be imported" in answer.text


def test_a_round_is_queued_cancelled_and_resumed(client: TestClient) -> None:
    for i in range(6):
        body = compare(client, f"Train on {i}")
        client.put(f"/api/v1/comparisons/{body['id']}/ranking", json={"ranking": [["c1"], ["c2"]]})
    queued = client.post("/api/v1/rounds", json={"method": "dpo", "config": {"epochs": 1}})
    assert queued.status_code == 202, queued.text
    url = f"/api/v1/rounds/{queued.json()['id']}"
    assert queued.json()["state"] == "queued"
    assert client.post(f"{url}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{url}/cancel").json()["state"] == "cancelled", "cancelling twice is no error"
    assert client.post(f"{url}/resume").json()["state"] == "queued"
    assert client.get("/api/v1/rounds").json()[0]["id"] == queued.json()["id"]


def test_a_wrong_setting_of_a_round_is_named(client: TestClient) -> None:
    answer = client.post("/api/v1/rounds", json={"method": "dpo", "config": {"bta": 1}})
    assert answer.status_code == 409
    assert "bta" in answer.json()["detail"]
    assert client.get("/api/v1/rounds/nothing").status_code == 404


def test_events_are_sent_until_the_round_ends(client: TestClient, app: App) -> None:
    round_id = client.post("/api/v1/rounds", json={"method": "dpo"}).json()["id"]
    claimed = app.store.rounds.claim(round_id, "test")
    assert claimed is not None
    event = RoundEvent(1, "train", 1, 4, {"loss": 0.69}, datetime.now(UTC), percent=20.0)
    app.store.rounds.progress(round_id, claimed.fence, event)
    app.store.rounds.finish(round_id, claimed.fence, RoundState.held, decision={"reasons": ["Too long."]})
    with client.stream("GET", f"/api/v1/rounds/{round_id}/events") as stream:
        lines = list(stream.iter_lines())
    progress = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert "event: progress" in lines
    assert progress[0]["metrics"] == {"loss": 0.69}
    assert client.get(f"/api/v1/rounds/{round_id}").json()["decision"] == {"reasons": ["Too long."]}


def test_replies_that_are_being_written_cannot_be_ranked_yet(client: TestClient, app: App) -> None:
    written = app.store.comparisons.get(str(compare(client, "Are you still writing?")["id"]))
    unfinished = replace(written, id="being-written", status=ComparisonStatus.generating)
    app.store.comparisons.add(unfinished)
    answer = client.put(
        "/api/v1/comparisons/being-written/ranking", json={"ranking": [["c1"], ["c2"]], "aspects": []}
    )
    assert answer.status_code == 409
    told = answer.json()["detail"]
    assert told == "the replies are still being written: wait until they are finished"


def test_a_conversation_that_is_being_answered_takes_no_other_message(client: TestClient, app: App) -> None:
    url = f"/api/v1/conversations/{client.post('/api/v1/conversations', json={}).json()['id']}"
    talk = url.rpartition("/")[2]
    free = threading.Event()
    app.generations.start(talk, [], keep=lambda replies: free.wait(20))
    for answer in (
        client.post(f"{url}/messages", json={"text": "Hello?"}),
        client.post(f"{url}/retry", json={}),
        client.patch(url, json={"persona": "lynn"}),
    ):
        assert answer.status_code == 409
        assert answer.json() == {
            "detail": "the last message is still being answered: wait, or press stop",
            "code": "busy",
        }
    free.set()


def test_a_checkpoint_is_promoted_and_rolled_back_by_hand(
    client: TestClient, app: App, tmp_path: Path
) -> None:
    app.store.checkpoints.add(Checkpoint("dpo-9", str(tmp_path)))
    assert client.post("/api/v1/checkpoints/dpo-9/promote").json() == {"previous": "base", "latest": "dpo-9"}
    listed = client.get("/api/v1/checkpoints").json()[0]
    assert (listed["name"], "latest" in listed["aliases"]) == ("dpo-9", True)
    assert client.post("/api/v1/rollback").json() == {"previous": "dpo-9", "latest": "base"}
    assert client.post("/api/v1/rollback").status_code == 409
    assert client.post("/api/v1/checkpoints/nobody/promote").status_code == 404


def test_metrics_and_health_hold_numbers_and_no_text(client: TestClient) -> None:
    compare(client, "a very private question")
    assert client.get("/health/live").json() == {"status": "alive"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200, ready.text
    assert ready.json()["parts"]["redis"]["ok"] is False
    metrics = client.get("/metrics").text
    assert 'codelynn_comparisons{kind="open"}' in metrics
    assert "private" not in metrics


def test_docs_load_nothing_from_another_site(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
