"""A data folder of version 0.1 is opened with the code of today: everything in it is there, works and goes on.

`tests/data/version-0.1` was made by `tests/versions/make.py`. The tests look at it from outside: HTTP, commands, Celery.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from celery import Celery

from feedback_app.processes.local_files import free_port
from tests.versions import names
from tests.versions.answers import answers, missing
from tests.versions.folder import PLACE, slug, unpack
from tests.versions.parts import PROJECT, Parts
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
BEFORE = PROJECT / "tests" / "data" / "version-0.1"
ROUND_SECONDS = 400
PAGE_TOKEN = "token of the pages of before"


@dataclass(frozen=True, slots=True)
class Opened:
    """A service of today on the folder of before."""

    parts: Parts
    client: httpx.Client
    queue: "redis.Redis"

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def round(self, state: str) -> Any:
        return next(one for one in self.get("/api/v1/rounds") if one["state"] == state)


def recorded(name: str, home: Path = PLACE) -> Any:
    """What the version before told, with its folder at `home`."""
    return json.loads((BEFORE / name).read_text(encoding="utf-8").replace(str(PLACE), str(home)))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    home = unpack(BEFORE / "home.tar.xz", tmp_path_factory.mktemp("before").resolve() / "home")
    (home / "secrets").mkdir()
    (home / "secrets" / "pages").write_text(PAGE_TOKEN)
    parts = Parts(home, free_port(), free_port())
    with parts.valkey() as queue, parts.service() as client:
        yield Opened(parts, client, queue)


def test_everything_is_told_as_it_was_told_before(opened: Opened) -> None:
    assert missing(answers(opened.client), recorded("answers.json", opened.parts.home)) == []


def test_the_backup_is_the_same_to_the_byte(opened: Opened) -> None:
    export = opened.client.get("/api/v1/export", params={"format": "rankings"}).content
    assert export == (BEFORE / "rankings.jsonl").read_bytes()


def test_the_prepared_base_model_is_used_again(opened: Opened) -> None:
    folders = [path.name for path in (opened.parts.home / "models").iterdir() if path.is_dir()]
    assert folders == [slug(opened.parts.home)]


def test_every_call_of_the_api_is_still_there(opened: Opened) -> None:
    now, before = names.routes(opened.get("/openapi.json")), recorded("names.json")["routes"]
    assert sorted(set(before) - set(now)) == []
    for call, was in before.items():
        for what in ("takes", "answers", "codes"):
            assert sorted(set(was[what]) - set(now[call][what])) == [], f"{call} lost some of what it {what}"
        assert sorted(set(now[call]["needs"]) - set(was["needs"])) == [], f"{call} needs more than before"


def test_every_address_of_a_page_still_leads_there(opened: Opened) -> None:
    before = recorded("names.json")["pages"]
    assert {path: status for path, status in names.pages(opened.client).items() if path in before} == before


def test_a_tab_that_was_open_during_the_upgrade_can_still_send_its_votes(opened: Opened) -> None:
    made = opened.post("/api/v1/comparisons", prompt="Tell me a joke.", n=2)
    address = f"/arena/c/{made['id']}"
    vote = {
        "groups": [["c2"], ["c1"]],
        "all_bad": False,
        "aspects": [],
        "note": "",
        "edit": "",
        "seconds": 1.5,
    }
    headers = {"sec-fetch-site": "same-origin", "x-codelynn-token": PAGE_TOKEN}
    told = opened.client.put(f"{address}/ranking", json=vote, headers=headers)
    assert told.status_code == 200, told.text
    assert opened.get(f"/api/v1/comparisons/{made['id']}")["ranking"]["ranking"] == [["c2"], ["c1"]]
    assert opened.client.delete(f"{address}/ranking", headers=headers).status_code == 200
    assert opened.client.post(f"{address}/skip", headers=headers).status_code == 200
    assert opened.post("/api/v1/rankings/delete", ids=[made["id"]])["ids"] == [made["id"]]


def test_every_version_answers_in_the_chat(opened: Opened) -> None:
    versions = [one["id"] for one in opened.get("/v1/models")["data"]]
    assert {"base", "latest", "champion", opened.round("promoted")["checkpoint"]} <= set(versions)
    for version in versions:
        turns = [{"role": "user", "content": "Hello, how are you?"}]
        told = opened.post("/v1/chat/completions", model=version, messages=turns)
        assert told["choices"][0]["message"]["content"].strip(), version


def test_every_checkpoint_is_what_its_manifest_says(opened: Opened) -> None:
    folders = sorted(path.parent for path in opened.parts.home.glob("checkpoints/*/*/manifest.json"))
    assert len(folders) == len(opened.get("/api/v1/checkpoints")) == 2
    for folder in folders:
        verify = [sys.executable, "-m", "workers.verify", str(folder)]
        assert subprocess.run(verify, cwd=PROJECT, check=False, timeout=120).returncode == 0, folder


def test_a_conversation_goes_on(opened: Opened) -> None:
    talk = opened.get("/api/v1/conversations")[0]
    before = opened.get(f"/api/v1/conversations/{talk['id']}")
    said = opened.client.post(
        f"/api/v1/conversations/{talk['id']}/messages", json={"text": "Tell me a joke."}
    )
    assert "event: done" in said.text
    after = opened.get(f"/api/v1/conversations/{talk['id']}")
    assert after["turns"][: len(before["turns"])] == before["turns"]
    assert (len(after["turns"]), after["model"]) == (len(before["turns"]) + 2, before["model"])


def test_versions_are_promoted_and_rolled_back(opened: Opened) -> None:
    latest, held = opened.round("promoted")["checkpoint"], opened.round("held")["checkpoint"]
    assert opened.get("/api/v1/aliases")["latest"] == latest
    assert opened.post(f"/api/v1/checkpoints/{held}/promote") == {"previous": latest, "latest": held}
    told = opened.parts.command("checkpoint", "rollback")
    assert (told.returncode, opened.get("/api/v1/aliases")["latest"]) == (0, latest), told.stderr
    assert opened.post("/api/v1/rollback")["latest"] == "base"
    assert opened.parts.command("checkpoint", "promote", latest).returncode == 0
    assert opened.get("/api/v1/aliases")["latest"] == latest


def test_the_reward_model_is_still_measured(opened: Opened) -> None:
    kind = {"content-type": "application/x-ndjson"}
    measured = opened.client.post("/api/v1/rewards/evaluate", headers=kind)
    assert measured.status_code == 200, measured.text
    assert measured.json()["heldout_pairs"] > 0


def test_a_round_is_queued_under_the_names_that_workers_of_before_know(opened: Opened) -> None:
    known = recorded("queue.json")["rounds"][-1]
    queued = opened.post("/api/v1/rounds", config={"lora_r": 4})
    message = json.loads(opened.queue.lrange("rounds", 0, -1)[0])
    for name in ("task", "lang", "argsrepr"):
        was = known["headers"][name].replace(known["headers"]["argsrepr"][2:38], queued["id"])
        assert message["headers"][name] == was
    for name in ("content-type", "content-encoding"):
        assert message[name] == known[name]
    opened.post(f"/api/v1/rounds/{queued['id']}/cancel")
    opened.queue.delete("rounds")


def test_a_round_that_waited_runs_by_the_message_of_before(opened: Opened) -> None:
    waiting, queue = opened.round("queued")["id"], recorded("queue.json")
    opened.queue.sadd("_kombu.binding.rounds", *queue["bindings"])
    opened.queue.rpush("rounds", *map(json.dumps, queue["rounds"]))
    with opened.parts.worker("rounds"):
        ended = finished(opened, waiting)
        until(lambda: not opened.queue.llen("rounds"), 60)
    assert (ended["state"], ended["error"]) == ("promoted", "")
    assert opened.get("/api/v1/aliases")["latest"] == ended["checkpoint"]
    assert opened.queue.exists("_kombu.binding.rounds")
    assert [one["state"] for one in opened.get("/api/v1/rounds")].count("cancelled") >= 1


def test_a_round_whose_worker_died_goes_on_after_its_training(opened: Opened, tmp_path: Path) -> None:
    broken = opened.round("running")["id"]
    folder = opened.parts.home / "rounds" / broken / "attempt-1"
    shutil.copytree(folder, tmp_path / "attempt")
    trained = json.loads((folder / "train" / "manifest.json").read_text())
    with opened.parts.worker("rounds"), opened.parts.worker("default"):
        with Celery(broker=opened.parts.redis_url) as sender:
            sender.send_task("workers.tasks.reap", queue="default")
        ended = finished(opened, broken)
    assert (ended["state"], ended["error"]) == ("promoted", "")
    versions = {one["name"]: one for one in opened.get("/api/v1/checkpoints")}
    manifest = versions[ended["checkpoint"]]["manifest"]
    assert manifest["adapter_hash"] == trained["adapter_hash"], "it was trained again"
    assert manifest["snapshot"] == ended["snapshot"]
    told = opened.client.get(f"/api/v1/rounds/{broken}/events").text
    assert "Stage train was finished before" in told


def finished(opened: Opened, round_id: str) -> Any:
    until(lambda: opened.get(f"/api/v1/rounds/{round_id}")["finished_at"], ROUND_SECONDS, every=0.5)
    return opened.get(f"/api/v1/rounds/{round_id}")
