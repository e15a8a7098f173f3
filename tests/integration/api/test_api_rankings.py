"""Rankings over HTTP: found, tagged, taken out, brought back, deleted; the live model hears of it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from feedback_app import main
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.engines.base import Engine
from feedback_app.main import App, prepare_database
from feedback_app.preferred import sampling
from feedback_app.services.arena.repeats import swapped
from feedback_app.settings import Settings
from feedback_app.ui.app import page_routes
from tests.fakes import LongerIsBetter, ScriptedEngine
from tests.tiny_model import known_personas
from tests.unit.services.reward.live.examples import LONGER_WON, SHORTER_WON, TIE, opened
from tests.waiting import until

pytestmark = pytest.mark.integration


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    settings = Settings(
        home=tmp_path, personas=known_personas(tmp_path / "personas"), redis_url="redis://127.0.0.1:1/0"
    )
    prepare_database(settings)
    engine: Engine = ScriptedEngine()
    with (
        patch.object(main, "live_reward", lambda settings: LongerIsBetter),
        patch.object(main, "build_engine", lambda *given: engine),
    ):
        built = main.build(settings)
    yield built
    built.close()


@pytest.fixture
def client(app: App) -> TestClient:
    api = build_api(app.services, app.store, app.engine, partial(sampling, app.settings), lambda: None)
    for routes in page_routes(app.services):
        api.include_router(routes)
    return TestClient(api, base_url="http://127.0.0.1")


def ranked(app: App, number: int, ranking: Ranking, **changes: object) -> Comparison:
    made = opened(number, **changes)
    app.store.comparisons.add(made)
    return app.services.arena.rank(made.id, ranking)


def test_rankings_are_found_by_words_and_filters_page_by_page(client: TestClient, app: App) -> None:
    ids = [ranked(app, i, LONGER_WON).id for i in range(3)]
    waiting = opened(9)
    app.store.comparisons.add(waiting)
    first = client.get(
        "/api/v1/rankings", params={"words": "QUESTION", "verdict": "ranked", "limit": 2}
    ).json()
    assert ([item["id"] for item in first["items"]], first["found"]) == ([ids[2], ids[1]], 3)
    rest = client.get("/api/v1/rankings", params={"verdict": "ranked", "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in rest["items"]] == [ids[0]]
    (blind,) = client.get("/api/v1/rankings", params={"verdict": "waiting"}).json()["items"]
    assert {c["model"] for c in blind["candidates"]} == {None}
    assert client.get("/api/v1/rankings", params={"verdict": "nonsense"}).status_code == 422
    assert client.get("/api/v1/rankings", params={"cursor": "nonsense"}).status_code == 422


def test_taken_out_brought_back_and_deleted_the_live_model_hears_of_it(client: TestClient, app: App) -> None:
    kept, gone = ranked(app, 0, LONGER_WON), ranked(app, 1, LONGER_WON)
    votes = lambda: app.services.live_reward.state().votes  # noqa: E731
    until(lambda: votes() == 2)
    body = {"ids": [gone.id, str(uuid4())]}
    assert client.post("/api/v1/rankings/take-out", json=body).json() == {"ids": [gone.id]}
    until(lambda: votes() == 1)
    (out,) = client.get("/api/v1/rankings", params={"verdict": "taken out"}).json()["items"]
    assert (out["ranking"], out["taken_out"]["ranking"]) == (None, [["c1"], ["c2"]])
    assert client.post("/api/v1/rankings/bring-back", json=body).json() == {"ids": [gone.id]}
    until(lambda: votes() == 2)
    assert app.store.comparisons.get(gone.id).ranking == gone.ranking
    assert client.post("/api/v1/rankings/delete", json=body).json() == {"ids": [gone.id]}
    until(lambda: votes() == 1)
    assert client.get(f"/api/v1/comparisons/{gone.id}").status_code == 404
    assert client.get("/api/v1/rankings/ids").json() == {"ids": [kept.id]}


def test_tags_are_the_owners_own(client: TestClient, app: App) -> None:
    one = ranked(app, 0, LONGER_WON)
    url = f"/api/v1/comparisons/{one.id}/tags"
    assert client.put(url, json={"tags": [" my  tag ", "", "my tag"]}).json()["tags"] == ["my tag"]
    assert client.get("/api/v1/rankings", params={"tag": "my tag"}).json()["found"] == 1
    assert client.put("/api/v1/comparisons/unknown/tags", json={"tags": []}).status_code == 404


def test_who_judges_a_pair_otherwise_when_it_comes_back_is_told_so(client: TestClient, app: App) -> None:
    for number, verdict in enumerate((LONGER_WON, SHORTER_WON, TIE)):
        first = ranked(app, number, LONGER_WON)
        again = swapped(first)
        app.store.comparisons.add(again)
        app.services.arena.rank(again.id, verdict)
    told = client.get("/api/v1/rankings/consistency").json()
    assert [told[name] for name in ("pairs", "judged", "same", "ties", "differing")] == [3, 2, 1, 1, 2]
    assert 0 < told["low"] < 0.5 < told["high"] < 1
    assert client.get("/api/v1/rankings", params={"differs": True}).json()["found"] == 4


def test_a_correction_is_the_owners_and_what_says_the_same_changes_nothing(
    client: TestClient, app: App
) -> None:
    given = replace(
        LONGER_WON, aspects=("warmer", "shorter"), annotator="import", source="import", seconds=3.0
    )
    one = ranked(app, 0, given)
    same = {"places": {"c1": 1, "c2": 2}, "aspects": ["shorter", "warmer"], "tags": ["a", " b "]}
    shown = client.put(f"/rankings/c/{one.id}", json=same).json()
    assert "by import" in shown["detail"]
    found = app.store.comparisons.get(one.id)
    assert (found.ranking, found.tags) == (one.ranking, ("a", "b"))
    client.put(f"/rankings/c/{one.id}", json={**same, "places": {"c1": 1, "c2": 1}})
    changed = app.store.comparisons.get(one.id).ranking
    assert changed is not None
    assert (changed.groups, changed.annotator, changed.seconds) == (TIE.groups, "owner", 3.0)
    half = client.put(f"/rankings/c/{one.id}", json={**same, "places": {"c1": 1}})
    assert (half.status_code, half.json()["detail"]) == (422, "give each reply a place, or choose all bad")


def test_tags_of_a_verdict_that_was_taken_out_change_without_bringing_it_back(
    client: TestClient, app: App
) -> None:
    one = ranked(app, 0, LONGER_WON)
    app.services.curation.take_out([one.id])
    same = {"places": {"c1": 1, "c2": 2}, "tags": ["later"]}
    shown = client.put(f"/rankings/c/{one.id}", json=same).json()
    assert "Include again" in shown["detail"]
    assert app.store.comparisons.get(one.id).ranking is None
    client.put(f"/rankings/c/{one.id}", json={**same, "places": {"c1": 2, "c2": 1}})
    assert app.services.curation.get(one.id).taken_out is None
