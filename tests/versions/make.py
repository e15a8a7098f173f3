"""Makes a data folder with the current code: `python -m tests.versions.make tests/data/version-X.Y`. Takes some minutes.

Run it once for each version that others have data of, before that data changes its form. It writes the folder as an archive,
what the service answers about it, the message of a queued round, and the names that others hold on to.
"""

import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import redis
import torch
from safetensors.torch import load_file, save_file

from tests.integration.alignment.rounds import QUICK, write_packs
from tests.tiny_model import build_tiny_model, known_personas
from tests.versions import names, story
from tests.versions.answers import answers
from tests.versions.folder import PLACE, pack
from tests.versions.parts import PROJECT, Parts, kill
from tests.waiting import until

PORT, REDIS_PORT = 18460, 18461
ROUND_SECONDS = 600
DPO = QUICK | {"learning_rate": 1e-4}
STRICT = {"GATE_MAX_KL": 1e-9}


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        parts = Parts(home, PORT, REDIS_PORT, {"LIVE_REWARD": "true"})
        _prepare(home)
        with parts.valkey() as queue, parts.service() as client:
            story.tell(client, parts)
            _train(parts, client)
            _leave_work(parts, client, queue)
            _write(target / "answers.json", answers(client), home)
            _write(target / "queue.json", _messages(queue), home)
            _write(target / "names.json", _names(client), home)
            export = client.get("/api/v1/export", params={"format": "rankings"}).text
            (target / "rankings.jsonl").write_text(export, encoding="utf-8")
        with sqlite3.connect(home / "codelynn.db") as database:
            database.execute("UPDATE rounds SET worker = 'worker of before:1' WHERE worker != ''")
        pack(home, target / "home.tar.xz")


def _prepare(home: Path) -> None:
    """The tiny model with weights half as large, personas that it knows, and small packs."""
    model = build_tiny_model(home / "tiny")
    weights = {
        name: tensor.to(torch.bfloat16) for name, tensor in load_file(model / "model.safetensors").items()
    }
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"dtype": "bfloat16"}, indent=2))
    known_personas(home / "personas")
    write_packs(home)
    shutil.copytree(PROJECT / "datasets" / "prompts", home / "prompts", ignore=_most_prompts)


def _most_prompts(_: str, files: list[str]) -> list[str]:
    return [file for file in files if file not in ("small_talk.jsonl", "german.jsonl")]


def _train(parts: Parts, client: httpx.Client) -> None:
    """A reward model, a version that passed, a conversation with it, and a version that was held back."""
    with parts.worker("rounds"):
        for body in ({"method": "reward", "config": {"epochs": 1, "max_length": 128}}, {"config": DPO}):
            assert ended(client, queued(client, **body)) == "promoted"
    story.converse(client, parts, "latest", "Wie geht es dir?", best_of=2)
    with parts.worker("rounds", **STRICT):
        assert ended(client, queued(client, config=DPO | {"sft_first": True})) == "held"


def _leave_work(parts: Parts, client: httpx.Client, queue: "redis.Redis") -> None:
    """A round whose worker was killed after its training, one that waits for a worker, and one that was cancelled."""
    with parts.worker("rounds") as worker:
        interrupted = queued(client, config=DPO | {"sft_first": True, "seed": 7})
        folder = parts.home / "rounds" / interrupted / "attempt-1"
        until((folder / "train" / "manifest.json").exists, ROUND_SECONDS, every=0.001)
        kill(worker)
    assert not (folder / "publish" / "manifest.json").exists()
    queue.delete("unacked", "unacked_index", "unacked_mutex")  # the message that the dead worker held
    queued(client, config=DPO | {"seed": 8})
    cancelled = queued(client, method="kto", config={name: DPO[name] for name in ("gate_prompts", "lora_r")})
    client.post(f"/api/v1/rounds/{cancelled}/cancel").raise_for_status()
    client.post("/api/v1/comparisons", json={"prompt": "What comes next?"}).raise_for_status()


def queued(client: httpx.Client, **body: Any) -> str:
    answer = client.post("/api/v1/rounds", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ended(client: httpx.Client, round_id: str) -> str:
    """The final state of a round."""
    until(lambda: client.get(f"/api/v1/rounds/{round_id}").json()["finished_at"], ROUND_SECONDS, every=0.5)
    found = client.get(f"/api/v1/rounds/{round_id}").json()
    assert not found["error"], found["error"]
    return str(found["state"])


def _messages(queue: "redis.Redis") -> dict[str, Any]:
    """The messages in the queue without the sender's machine name. The oldest message is the last."""
    raw = [json.loads(message) for message in queue.lrange("rounds", 0, -1)]
    for message in raw:
        message["headers"]["origin"] = "gen1@before"
    bindings, keys = queue.smembers("_kombu.binding.rounds"), queue.keys("*")
    return {"keys": _words(keys), "bindings": _words(bindings), "rounds": raw}


def _words(answer: Any) -> list[str]:
    return sorted(word.decode() for word in answer)


def _names(client: httpx.Client) -> dict[str, Any]:
    return {
        "routes": names.routes(client.get("/openapi.json").json()),
        "commands": names.commands(),
        "settings": names.settings(),
        "celery": names.celery(),
        "pages": names.pages(client),
    }


def _write(path: Path, content: Any, home: Path) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(text.replace(str(home), str(PLACE)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    made = Path(sys.argv[1])
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    main(made)
