"""The answers of a version to requests for all of its data."""

import json
import math
from typing import Any

import httpx

EXPORTS = ("trl", "hh", "openai", "sharegpt", "kto", "sft")
LISTS = (
    "/api/v1/comparisons?limit=500",
    "/api/v1/rankings/ids",
    "/api/v1/rankings/consistency",
    *(f"/api/v1/rankings?verdict={name}" for name in ("tie", "all+bad", "skipped", "taken+out", "waiting")),
    "/api/v1/rankings?tag=kept",
    "/api/v1/conversations?limit=500",
    "/api/v1/rounds?limit=500",
    "/api/v1/checkpoints",
    "/api/v1/aliases",
    "/api/v1/leaderboard",
    "/api/v1/leaderboard?annotator=owner",
    "/api/v1/leaderboard/effects",
    "/api/v1/rewards",
    "/api/v1/snapshots",
    "/api/v1/preferences",
    "/api/v1/export/sizes",
    "/v1/models",
    *(f"/api/v1/export?format={name}" for name in EXPORTS),
)
ONE_BY_ONE = {"conversations": ("", "?format=markdown", "?format=text"), "rounds": ("",)}
SCORES = "POST /api/v1/rewards/score"
UNSTEADY = {"expected_seconds"}
"""Fields that depend on the machine."""


def answers(client: httpx.Client) -> dict[str, Any]:
    """All lists, exports, conversations, rounds and differences of snapshots, by address."""
    told = {path: _told(client, path) for path in LISTS}
    for kind, ways in ONE_BY_ONE.items():
        found = told[next(path for path in LISTS if path.startswith(f"/api/v1/{kind}"))]
        for one in found:
            for way in ways:
                path = f"/api/v1/{kind}/{one['id']}{way}"
                told[path] = _told(client, path)
            if kind == "rounds" and one["finished_at"]:
                path = f"/api/v1/rounds/{one['id']}/events"
                told[path] = _told(client, path)
    snapshots = [one["hash"] for one in told["/api/v1/snapshots"]]
    for one in snapshots:
        for other in (one, "now"):
            path = f"/api/v1/snapshots/{one}/diff?other={other}"
            told[path] = _told(client, path)
    told[SCORES] = scores(client)
    return told


def missing(now: Any, before: Any, where: str = "") -> list[str]:
    """The places where an earlier answer is missing now. Additional answers are allowed."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            each
            for name, value in before.items()
            if name not in UNSTEADY
            for each in (
                [f"{where}.{name}: gone"] if name not in now else missing(now[name], value, f"{where}.{name}")
            )
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(now, before, strict=True))
        return [each for i, (one, other) in pairs for each in missing(one, other, f"{where}[{i}]")]
    if isinstance(before, str) and isinstance(now, str) and before.startswith(("id: ", "event: ")):
        return missing(_sent(now), _sent(before), where)
    numbers = all(isinstance(value, float | int) for value in (now, before))
    same = math.isclose(now, before, rel_tol=1e-4, abs_tol=1e-6) if numbers else now == before
    return [] if same else [f"{where}: {now!r}, before {before!r}"]


def _sent(stream: str) -> list[Any]:
    """The lines of server-sent events: the name of each and its value, which is JSON where it is data."""
    lines = (line.partition(": ") for line in stream.splitlines())
    return [[name, json.loads(value) if name == "data" else value] for name, _, value in lines]


def scores(client: httpx.Client) -> list[float]:
    """The reward model's scores of a friendly and a curt reply."""
    body = {"prompt": "Hello, how are you?", "replies": ["I am fine, thank you.", "No."]}
    kind = {"content-type": "application/x-ndjson"}
    answer = client.post("/api/v1/rewards/score", content=json.dumps(body), headers=kind)
    assert answer.status_code == 200, answer.text
    return list(json.loads(answer.text)["rewards"])


def _told(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    return answer.json() if "json" in answer.headers["content-type"].split("/")[1][:5] else answer.text
