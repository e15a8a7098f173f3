"""Comparisons to push, and what Label Studio has of them, as its HTTP interface gives it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from feedback_app.desks.base import DeskRanking, DeskRecord, Pulled
from feedback_app.desks.label_studio import LabelStudioDesk
from feedback_app.domain.comparison import Message

SECRET = "xylophone-in-the-cellar"  # a word that no log and no error may hold


def comparison(replies: int = 3, **changes: Any) -> DeskRecord:
    ids = [f"c{number}" for number in range(1, replies + 1)]
    record = DeskRecord(
        comparison_id=str(uuid4()),
        messages=(Message("system", "Be kind."), Message("user", f"What is a newt? {SECRET}")),
        candidates=tuple((each, f"Reply {each}: a <b>small</b> amphibian.", f"model-{each}") for each in ids),
        ranking=tuple((each,) for each in reversed(ids)),
        all_bad=False,
        aspects=("warmer", "clearer"),
        note="",
        edit=None,
        annotator="owner",
        created_at=datetime.now(UTC),
    )
    return replace(record, **changes)


def pending(replies: int = 3, **changes: Any) -> DeskRecord:
    return comparison(replies, ranking=None, aspects=(), **changes)


def project_of(client: httpx.Client, replies: int) -> int:
    listed = client.get("/api/projects", params={"title": "codelynn-"}).raise_for_status().json()["results"]
    (found,) = [project["id"] for project in listed if project["title"] == f"codelynn-{replies}"]
    return int(found)


def stored(client: httpx.Client, record: DeskRecord) -> list[dict[str, Any]]:
    """All tasks of this comparison."""
    project = project_of(client, len(record.candidates))
    listed = client.get(f"/api/projects/{project}/export", params={"download_all_tasks": "true"})
    tasks = listed.raise_for_status().json()
    return [task for task in tasks if task["data"].get("comparison_id") == record.comparison_id]


def task_of(client: httpx.Client, record: DeskRecord) -> dict[str, Any]:
    (task,) = stored(client, record)
    return task


def pulled(desk: LabelStudioDesk, mark: str = "") -> Pulled:
    found = desk.pull(mark)
    assert found is not None
    return found


def said_of(found: Pulled, record: DeskRecord) -> dict[str, DeskRanking]:
    """Annotator → verdict."""
    return {each.annotator: each for each in found.rankings if each.comparison_id == record.comparison_id}


def answer(order: list[str]) -> dict[str, Any]:
    """What the labelling page sends for a ranking of three, best first."""
    buckets = {f"place_{number}": [item] for number, item in enumerate(order, start=1)}
    left = [item for item in ("1", "2", "3") if item not in order]
    value = {"ranker": {"_": left, "place_2": [], "place_3": [], **buckets}}
    ranked = {"id": "x1", "from_name": "ranking", "to_name": "replies", "type": "ranker", "value": value}
    return {"result": [ranked], "was_cancelled": False}
