"""codeLynn and its Argilla as `codelynn up` starts them: votes go there, rankings come back, nothing is lost.

The tiny model answers, so that only the way of a ranking takes time.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.processes.local_files import free_port
from feedback_app.store import open_store
from tests.conftest import WAIT_MS
from tests.integration.desks.argilla.server import PROJECT
from tests.unit.workers.examples import ranked
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
ARGILLA_PYTHON = PROJECT / ".venv-argilla" / "bin" / "python"
VOTES = 200


@dataclass
class Loop:
    """A running codeLynn: `here` speaks to it, `there` to its Argilla."""

    home: Path
    here: httpx.Client
    there: httpx.Client
    login: dict[str, str]

    def dataset(self, replies: int) -> str:
        items = self.there.get("/api/v1/me/datasets").raise_for_status().json()["items"]
        return next((item["id"] for item in items if item["name"] == f"codelynn-{replies}"), "")

    def records(self, replies: int) -> dict[str, dict[str, Any]]:
        """Comparison id -> record; fails if one comparison has two."""
        if not (dataset := self.dataset(replies)):
            return {}
        page = {"include": "responses", "limit": 1000}
        items = self.there.get(f"/api/v1/datasets/{dataset}/records", params=page).json()["items"]
        found = {item["external_id"]: item for item in items}
        assert len(found) == len(items)
        return found

    def exported(self) -> dict[str, dict[str, Any]]:
        lines = self.here.get("/api/v1/export", params={"format": "rankings"}).raise_for_status().text
        return {record["id"]: record for record in map(json.loads, lines.splitlines())}

    def compare(self, prompt: str) -> dict[str, Any]:
        answer = self.here.post("/api/v1/comparisons", json={"prompt": prompt, "n": 2})
        made: dict[str, Any] = answer.raise_for_status().json()
        return made

    def vote(self, comparison_id: str, *order: str) -> None:
        body = {"ranking": [[name] for name in order]}
        self.here.put(f"/api/v1/comparisons/{comparison_id}/ranking", json=body).raise_for_status()


@pytest.fixture(scope="module")
def loop(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    if not ARGILLA_PYTHON.exists():
        pytest.skip("Argilla's environment is not installed: `make setup` makes .venv-argilla")
    home = tmp_path_factory.mktemp("loop") / "home"
    shutil.copytree(prepared_home, home)
    port, argilla_port = free_port(), free_port()
    mine = {"HOME": home, "PORT": port, "ARGILLA_PORT": argilla_port, "BASE_MODEL": prepared_home / "tiny"}
    mine |= {"ENGINE": "transformers", "PERSONAS": home / "personas", "PERSONA": "tiny"}
    env = os.environ | {f"CODELYNN_{name}": str(value) for name, value in mine.items()}
    told = home / "up.out"
    with told.open("wb") as out:
        command = [sys.executable, "-m", "feedback_app.cli", "up"]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        until(lambda: process.poll() is not None or "Argilla is ready" in told.read_text(), 300)
        assert process.poll() is None, told.read_text()
        login = json.loads((home / "secrets" / "argilla.json").read_text())
        key = {"X-Argilla-Api-Key": login["api_key"]}
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as here,
            httpx.Client(base_url=f"http://127.0.0.1:{argilla_port}", headers=key, timeout=60) as there,
        ):
            yield Loop(home, here, there, login)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


@pytest.fixture
def page(loop: Loop, browser: Browser) -> Iterator[Page]:
    """Argilla's own page, logged in as the owner."""
    page = browser.new_page(base_url=str(loop.there.base_url), viewport={"width": 1400, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.goto("/sign-in")
    page.fill("input[type=text]", loop.login["username"])
    page.fill("input[type=password]", loop.login["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    yield page
    page.close()


def test_a_vote_in_the_arena_is_a_response_in_argilla_and_a_pair_without_one_is_pending(loop: Loop) -> None:
    voted, waiting = loop.compare("Hello, how are you?"), loop.compare("Tell me a joke.")
    loop.vote(voted["id"], "c2", "c1")
    until(lambda: {voted["id"], waiting["id"]} <= loop.records(2).keys(), 60)
    until(lambda: loop.records(2)[voted["id"]]["responses"] != [], 60)
    records = loop.records(2)
    assert [records[made["id"]]["status"] for made in (voted, waiting)] == ["completed", "pending"]


def test_a_ranking_in_argillas_own_page_is_in_the_export(loop: Loop, page: Page) -> None:
    made = loop.compare("Rank me in Argilla, please.")
    until(lambda: made["id"] in loop.records(2), 60)
    page.goto(f"/dataset/{loop.dataset(2)}/annotation-mode?page=1&status=pending")
    page.locator("#reply_1").wait_for()
    body, open_ = page.inner_text("body"), {"status": "open"}
    pending = loop.here.get("/api/v1/comparisons", params=open_).raise_for_status().json()["items"]
    waiting = next(made for made in pending if made["messages"][-1]["content"] in body)
    for reply, place in (("reply_1", "2"), ("reply_2", "1")):
        page.wait_for_function(f"document.activeElement.id === '{reply}'")
        page.keyboard.press(place)
    page.get_by_text("warmer", exact=True).click()
    page.get_by_role("button", name="Submit").click()
    until(lambda: waiting["id"] in loop.exported(), 60)
    ranking = loop.exported()[waiting["id"]]["ranking"]
    places = {candidate["id"]: candidate["position"] for candidate in waiting["candidates"]}
    assert [[places[name] for name in group] for group in ranking["groups"]] == [[2], [1]]
    assert (ranking["annotator"], ranking["source"], ranking["aspects"]) == ("owner", "argilla", ["warmer"])


def test_votes_given_while_argilla_is_killed_all_arrive_once(loop: Loop) -> None:
    store = open_store(f"sqlite:///{loop.home / 'codelynn.db'}")
    asked = [
        replace(ranked(f"Question {number}"), ranking=None, status=ComparisonStatus.open)
        for number in range(VOTES)
    ]
    store.comparisons.add_all(asked, ["argilla"])
    store.close()
    _argilla(loop.home).kill()
    for comparison in asked:
        loop.vote(comparison.id, "c2", "c1")
    until(lambda: _arrived(loop, [comparison.id for comparison in asked]), 240, every=1)


def _argilla(home: Path) -> psutil.Process:
    """The server's own process, without its leash."""
    found = [
        each for each in psutil.process_iter(["cmdline"]) if _is_argilla(each.info["cmdline"] or [], home)
    ]
    (server,) = found
    return server


def _is_argilla(command: list[str], home: Path) -> bool:
    return command[1:4] == ["-m", "codelynn_argilla", "serve"] and str(home / "argilla") in command


def _arrived(loop: Loop, ids: list[str]) -> bool:
    try:
        records = loop.records(2)
    except (httpx.HTTPError, KeyError, ValueError):
        return False
    return all(records.get(name, {}).get("status") == "completed" for name in ids)
