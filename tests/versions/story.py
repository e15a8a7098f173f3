"""Fills a data folder with what an owner does, over the API where possible."""

import json
import os
from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

import httpx

from tests.tiny_model import TURNS
from tests.versions.parts import Parts


def tell(client: httpx.Client, parts: Parts) -> None:
    """Imports, rankings of every kind, a conversation, and preferences."""
    taken_in(client, "trl", pairs())
    taken_in(client, "kto", rated())
    taken_in(client, "sft", shown())
    taken_in(client, "rankings", whole())
    taken_in(client, "rankings", met())
    rank(client)
    curate(client)
    converse(client, parts, "base", "Tell me a joke.")
    choices = {"theme": "dark", "languages": ["de", "en"], "notify": False, "arena_temperature": 0.8}
    client.patch("/api/v1/preferences", json=choices).raise_for_status()


def pairs() -> Iterable[dict[str, Any]]:
    """Twenty-four pairs in which the friendly reply is better."""
    for number, (user, reply) in enumerate(TURNS * 3):
        prompt = [{"role": "user", "content": f"{user} ({number})"}]
        yield {
            "prompt": prompt,
            "chosen": [{"role": "assistant", "content": reply}],
            "rejected": [{"role": "assistant", "content": "No."}],
        }


def rated() -> Iterable[dict[str, Any]]:
    for number, (user, reply) in enumerate(TURNS):
        said = reply if number % 2 else "Go away."
        turns = {"prompt": [{"role": "user", "content": f"{user} Really?"}]}
        yield {**turns, "completion": [{"role": "assistant", "content": said}], "label": bool(number % 2)}


def shown() -> Iterable[dict[str, Any]]:
    for user, reply in TURNS:
        turns = [("user", f"{user} Please."), ("assistant", reply)]
        yield {"messages": [{"role": role, "content": content} for role, content in turns]}


def whole() -> Iterable[dict[str, Any]]:
    """A comparison of three with a system turn, two annotators and a note; another whose pair came back; an undecided one."""
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Grüß dich! 👋\nAlles gut?"},
    ]
    replies = (("a", "Ja, danke! 😊"), ("b", "Ja."), ("c", "Geht so."))
    candidates = [{"id": id_, "text": text, "finish": "stop"} for id_, text in replies]
    owner = {"groups": [["a"], ["b", "c"]], "aspects": ["warm", "brief"], "note": "Herzlich.", "seconds": 4.5}
    anna = {"groups": [["b"], ["a"], ["c"]], "annotator": "anna", "source": "argilla"}
    first = {"id": "11111111-1111-4111-8111-111111111111", "messages": turns, "candidates": candidates}
    yield {**first, "tags": ["kept", "Gruß"], "ranking": owner, "others": [anna]}
    two = [{"id": f"c{i}", "text": text, "finish": "length"} for i, text in ((1, "Paris."), (2, "It is"))]
    asked = {"messages": [{"role": "user", "content": "The capital of France?"}], "candidates": two}
    second = {"id": "22222222-2222-4222-8222-222222222222", **asked, "selection": "active"}
    yield {**second, "ranking": {"groups": [["c1"], ["c2"]]}}
    third = {"id": "33333333-3333-4333-8333-333333333333", **asked, "repeat_of": second["id"]}
    yield {**third, "ranking": {"groups": [["c2"], ["c1"]]}}
    fourth = {"id": "44444444-4444-4444-8444-444444444444", **asked, "ranking": None}
    yield {**fourth, "others": [anna | {"groups": [["c1", "c2"]]}]}


def met() -> Iterable[dict[str, Any]]:
    """Enough votes between two versions for the leaderboard."""
    for number in range(26):
        versions = ("base", "dpo-of-before") if number % 2 else ("dpo-of-before", "base")
        replies = [
            {"id": f"c{i}", "model": version, "text": f"Reply of {version} to {number}.", "finish": "stop"}
            for i, version in enumerate(versions, start=1)
        ]
        groups = [["c1"], ["c2"]] if number % 3 else [["c2"], ["c1"]]
        turns = [{"role": "user", "content": f"Question {number}?"}]
        yield {"messages": turns, "candidates": replies, "source": "arena", "ranking": {"groups": groups}}


def taken_in(client: httpx.Client, name: str, records: Iterable[dict[str, Any]]) -> None:
    body = "".join(json.dumps(record) + "\n" for record in records)
    kind = {"content-type": "application/x-ndjson"}
    answer = client.post("/api/v1/import", params={"format": name}, content=body.encode(), headers=kind)
    assert answer.status_code == 200, answer.text
    assert answer.json()["added"], answer.text


def rank(client: httpx.Client) -> None:
    """Every kind of ranking of replies that the model wrote."""
    verdicts: tuple[tuple[int, dict[str, Any]], ...] = (
        (2, {"ranking": [["c1"], ["c2"]], "aspects": ["warm"], "note": "Good.", "seconds": 2.5}),
        (2, {"ranking": [["c1", "c2"]]}),
        (2, {"all_bad": True, "note": "Neither."}),
        (2, {"ranking": [["c2"], ["c1"]], "edit": "I would say it in this way."}),
        (3, {"ranking": [["c3"], ["c1", "c2"]]}),
        (4, {"ranking": [["c2"], ["c1"], ["c4"], ["c3"]], "annotator": "anna"}),
        (2, {"ranking": [["c2"], ["c1"]], "note": "To be excluded."}),
    )
    for number, (n, verdict) in enumerate(verdicts):
        made = compared(client, f"{TURNS[number][0]} Say it your way.", n)
        answer = client.put(f"/api/v1/comparisons/{made['id']}/ranking", json=verdict)
        assert answer.status_code == 200, answer.text
    client.post(f"/api/v1/comparisons/{compared(client, 'Hello?', 2)['id']}/skip").raise_for_status()
    compared(client, "I am sad. What now?", 2)


def compared(client: httpx.Client, prompt: str, n: int) -> dict[str, Any]:
    answer = client.post("/api/v1/comparisons", json={"prompt": prompt, "n": n})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def curate(client: httpx.Client) -> None:
    """Exclude one ranking from training, and tag another."""
    newest = client.get("/api/v1/rankings", params={"words": "To be excluded."}).json()["items"][0]["id"]
    client.post("/api/v1/rankings/take-out", json={"ids": [newest]}).raise_for_status()
    edited = client.get("/api/v1/rankings", params={"words": "in this way"}).json()["items"][0]["id"]
    client.put(f"/api/v1/comparisons/{edited}/tags", json={"tags": ["kept"]}).raise_for_status()


def converse(client: httpx.Client, parts: Parts, model: str, text: str, best_of: int = 1) -> None:
    """Three turns: the first reply is rated, the second rewritten, the third written again. Then a trained version is put
    beside the base model."""
    made = client.post("/api/v1/conversations", json={"model": model}).json()["id"]
    for said in (text, "Write a short greeting.", "Thank you!"):
        client.post(
            f"/api/v1/conversations/{made}/messages", json={"text": said, "best_of": best_of}
        ).raise_for_status()
    client.post(f"/api/v1/conversations/{made}/retry", json={}).raise_for_status()
    with patch.dict(os.environ, parts.env()):
        from feedback_app.main import assembled
        from feedback_app.settings import load_settings

        app = assembled(load_settings())
        app.services.chat.rate(made, 1, 1)
        app.services.chat.edit(made, 3, "Good morning, my friend!")
        if app.services.chat.get(made).model != "base":
            app.services.side_by_side.join(made, "base")
        app.store.close()
