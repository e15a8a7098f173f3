"""Latencies of a real embedded Argilla, as a Markdown table on standard output.

    python deploy/argilla/benchmark.py --argilla-python .venv-argilla/bin/python --records 10000

Runs where `argilla` (the official client) is installed and starts a server in a temporary folder. `--command` measures
another server that takes ARGILLA_USERNAME, ARGILLA_PASSWORD and ARGILLA_API_KEY; {home} and {port} are filled in.
"""

import argparse
import json
import os
import random
import shlex
import socket
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

with warnings.catch_warnings():  # argilla 2.8 declares its models in pydantic 1's way
    warnings.simplefilter("ignore", DeprecationWarning)
    import argilla as rg

KEY, PASSWORD, WORKSPACE = "benchmark-api-key", "benchmark-password", "benchmark"
BATCH, WORDS_EACH = 250, 60
SYLLABLES = ("ba", "de", "fi", "go", "lu", "mer", "nos", "pan", "ri", "sto", "tal", "vex")
HAN = "今天气很好我们去公园看猫学习语言书山水火木金土日月年中国人大小多少"
Record = dict[str, Any]


def records(count: int, seed: int = 7) -> Iterator[Record]:
    """Prompt and reply of invented words, few of them frequent, as in a language; each tenth reply is Chinese."""
    draw = random.Random(seed)  # noqa: S311  (not a secret)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    for number in range(count):
        prompt, reply = (" ".join(draw.choices(words, weights, k=WORDS_EACH)) for _ in range(2))
        if number % 10 == 0:
            reply = "".join(draw.choices(HAN, k=WORDS_EACH * 3))
        yield {
            "id": f"r{number}",
            "fields": {"prompt": f"{prompt} number{number % 1000}", "reply": reply},
            "metadata": {"source": f"s{number % 7}", "size": number},
        }


@contextmanager
def serving(home: Path, python: str, command: str | None) -> Iterator[httpx.Client]:
    """A server on a free port of this machine, and a client of its owner."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    credentials = home / "credentials.json"
    given = {"username": "owner", "password": PASSWORD, "api_key": KEY, "workspace": WORKSPACE}
    credentials.write_text(json.dumps(given))
    credentials.chmod(0o600)
    ours = f"{python} -m codelynn_argilla serve --home {{home}} --port {{port}} --credentials {credentials}"
    words = [word.format(home=home / "data", port=port) for word in shlex.split(command or ours)]
    environment = os.environ | {f"ARGILLA_{name.upper()}": value for name, value in given.items()}
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"X-Argilla-Api-Key": KEY}, timeout=300
    )
    try:
        _wait(client, process)
        yield client
    finally:
        process.terminate()
        process.wait()
        client.close()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            if client.get("/api/v1/me").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def make_dataset(api: rg.Argilla) -> rg.Dataset:
    if api.workspaces(WORKSPACE) is None:
        rg.Workspace(name=WORKSPACE, client=api).create()
    settings = rg.Settings(
        fields=[rg.TextField(name="prompt"), rg.TextField(name="reply")],
        questions=[rg.LabelQuestion(name="good", labels=["yes", "no"])],
        metadata=[rg.TermsMetadataProperty(name="source"), rg.IntegerMetadataProperty(name="size")],
        distribution=rg.TaskDistribution(min_submitted=2),
    )
    return rg.Dataset(name="benchmark", workspace=WORKSPACE, settings=settings, client=api).create()


def ingest(api: rg.Argilla, dataset: rg.Dataset, count: int) -> float:
    """Records a second through the official client; half of them answered by two users."""
    owner = api.me.id
    second = rg.User(username="second", password=PASSWORD, role="annotator", client=api).create().id
    logged = []
    for number, record in enumerate(records(count)):
        users = (owner, second) if number % 2 else ()
        answers = [
            rg.Response("good", "yes" if number % 3 else "no", user_id=user, status="submitted")
            for user in users
        ]
        suggestion = rg.Suggestion("good", "yes", score=number / count, agent="judge")
        logged.append(rg.Record(**record, responses=answers, suggestions=[suggestion]))
    started = time.perf_counter()
    dataset.records.log(logged, batch_size=BATCH)
    return count / (time.perf_counter() - started)


def searches(count: int) -> dict[str, tuple[bool, dict[str, Any], int]]:
    """Name: (the user's own search?, body, offset)."""
    vocabulary = next(iter(records(1)))["fields"]["prompt"].split()
    frequent = max(set(vocabulary), key=vocabulary.count)
    answered, source = (
        {"entity": "response", "question": "good"},
        {"entity": "metadata", "metadata_property": "source"},
    )
    size = {"entity": "metadata", "metadata_property": "size"}
    status = {"entity": "response", "property": "status"}
    return {
        "text: a rare word": (False, _text("number123"), 0),
        "text: a frequent word": (False, _text(frequent), 0),
        "text: two words, one excluded": (False, _text(f"{frequent} {vocabulary[1]} -number1"), 0),
        "text: a phrase": (False, _text(f'"{vocabulary[0]} {vocabulary[1]}"'), 0),
        "text: a prefix": (False, _text("number12*"), 0),
        "text: one Chinese character": (False, _text("猫"), 0),
        "text: three Chinese characters": (False, _text("今天气"), 0),
        "filter: metadata": (False, _only(source, ["s3"]), 0),
        "filter: answers": (False, _only(answered, ["no"]), 0),
        "sort: metadata": (False, {"sort": [{"scope": size, "order": "desc"}]}, 0),
        "pending queue": (True, _only(status, ["pending"]), 0),
        "pending queue, deep page": (True, _only(status, ["pending"]), count // 2 - 60),
        "everything, deep page": (False, {}, count - 60),
    }


def _text(query: str) -> dict[str, Any]:
    return {"query": {"text": {"q": query}}}


def _only(scope: dict[str, str], values: list[str]) -> dict[str, Any]:
    return {"filters": {"and": [{"type": "terms", "scope": scope, "values": values}]}}


def timed(action: Callable[[], httpx.Response], times: int) -> list[float]:
    """Milliseconds of each call after the first."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        action().raise_for_status()
        taken.append((time.perf_counter() - started) * 1000)
    return taken[1:]


def row(name: str, taken: list[float]) -> str:
    cuts = statistics.quantiles(taken, n=20, method="inclusive")
    return f"| {name} | {statistics.median(taken):.0f} | {cuts[18]:.0f} |"


def measure(client: httpx.Client, dataset: str, count: int, times: int) -> Iterator[str]:
    for name, (mine, body, offset) in searches(count).items():
        address = f"/api/v1/{'me/' if mine else ''}datasets/{dataset}/records/search"
        page = {"limit": 50, "offset": offset}
        try:
            yield row(name, timed(lambda: client.post(address, json=body, params=page), times))  # noqa: B023
        except httpx.HTTPStatusError as error:
            yield f"| {name} | status {error.response.status_code} | |"
    yield row("progress", timed(lambda: client.get(f"/api/v1/datasets/{dataset}/progress"), times))
    listed = client.get(f"/api/v1/datasets/{dataset}/records", params={"limit": 1000}).json()["items"]
    ids = iter([each["id"] for each in listed if int(each["external_id"][1:]) % 2 == 0])
    answer = {"status": "submitted", "values": {"good": {"value": "yes"}}}
    yield row(
        "submit", timed(lambda: client.post(f"/api/v1/records/{next(ids)}/responses", json=answer), times)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--argilla-python", default=".venv-argilla/bin/python")
    parser.add_argument("--command", help="measure another server")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=20, help="calls per row")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="argilla-benchmark-") as home,
        serving(Path(home), options.argilla_python, options.command) as client,
    ):
        api = rg.Argilla(api_url=str(client.base_url), api_key=KEY)
        dataset = make_dataset(api)
        print(f"{ingest(api, dataset, options.records):.0f} records/s ingested, {options.records} records\n")
        print("| request | p50, ms | p95, ms |\n| --- | --- | --- |")
        for line in measure(client, str(dataset.id), options.records, options.times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
