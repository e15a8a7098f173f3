"""What the client of `benchmarks.scale` does with a running service, and what it notes: over HTTP and in a real Chromium."""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import httpx
from playwright.sync_api import sync_playwright

from benchmarks.scale_data import RARE, Writer, comparisons
from feedback_app.domain.preference import preference_pairs
from feedback_app.formats import jsonl, trl
from tests.conftest import ARGS, CHROMIUM

LINES = {"Content-Type": "application/x-ndjson"}
PAGES = {
    "/": "#arena:not([data-state=loading])",
    "/chat": "#chat, main",
    "/rounds": "main",
    "/data": "#rankings:not([data-state=loading])",
}
FINAL = ("promoted", "held", "failed", "cancelled")


@dataclass(slots=True)
class Results:
    """Figures by row, in the order in which they were measured."""

    rows: dict[str, str] = field(default_factory=dict)

    def seconds(self, row: str, act: Callable[[], object], times: int = 3) -> None:
        """The median."""
        taken = [timed(act) for _ in range(times)]
        self.add(row, f"{statistics.median(taken):.2f} s")

    def add(self, row: str, figure: str) -> None:
        self.rows[row] = figure
        print(f"{row}: {figure}", file=sys.stderr, flush=True)


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def rate(number: int, seconds: float, limit: float) -> str:
    """Rows per second, and how many times as long as the bare read took."""
    return f"{number / seconds:,.0f} rows/s ({seconds:.1f} s, {seconds / limit:.1f} times the bare read)"


def read_all(client: httpx.Client, format: str) -> int:
    """Read an export to its end, and count its lines."""
    lines = 0
    with client.stream("GET", "/api/v1/export", params={"format": format}) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
    return lines


def new_pairs(number: int) -> Iterator[bytes]:
    """Lines of pairs that the database does not have."""
    writer = Writer()
    writer.draw.seed(21)
    for comparison in islice(comparisons(number * 2, writer), number * 2):
        for pair in preference_pairs(comparison):
            yield jsonl.dumped(trl.dump(pair))


def imported(client: httpx.Client, number: int) -> float:
    """Seconds to import that many new pairs."""
    with tempfile.TemporaryFile() as file:
        file.writelines(islice(new_pairs(number), number))
        file.seek(0)
        content = file.read()

    def post() -> httpx.Response:
        return client.post("/api/v1/import", content=content, headers=LINES, timeout=3600).raise_for_status()

    return timed(post)


def vote(client: httpx.Client, comparison_id: str, names: list[str]) -> float:
    body = {"ranking": [[name] for name in names]}
    path = f"/api/v1/comparisons/{comparison_id}/ranking"
    taken = timed(lambda: client.put(path, json=body).raise_for_status())
    client.delete(path).raise_for_status()
    return taken


def votes_during(client: httpx.Client, number: int, busy: Callable[[], object] | None = None) -> float:
    """The 95th percentile of the seconds of a vote, while something else runs if given."""
    open_page = (
        client.get("/api/v1/comparisons", params={"status": "open", "limit": 1}).raise_for_status().json()
    )
    one = open_page["items"][0]
    names = [candidate["id"] for candidate in one["candidates"]]
    work = threading.Thread(target=busy) if busy else None
    if work:
        work.start()
    taken: list[float] = []
    while len(taken) < number or (work is not None and work.is_alive() and len(taken) < 10 * number):
        taken.append(vote(client, one["id"], names))
    if work:
        work.join()
    return statistics.quantiles(taken, n=20)[-1]


def index_built(client: httpx.Client) -> float:
    """Seconds until every comparison is in the search index, which the service builds in the background."""
    began = time.perf_counter()
    while get(client, "/api/v1/rankings", words=RARE).json()["unindexed"]:
        time.sleep(0.5)
    return time.perf_counter() - began


def searches(client: httpx.Client, results: Results) -> None:
    wanted = {
        "list of rankings": {},
        "search: a rare word": {"words": RARE},
        "search: a word that nobody used": {"words": "qqxyzzq"},
        "search: a frequent word": {"words": "größer"},
        "search: two letters": {"words": "zy"},
        "filter: ties": {"verdict": "tie"},
        "filter: a tag": {"tag": "latin"},
        "filter: excluded": {"verdict": "taken out"},
        "filter: answered differently": {"differs": "true"},
    }
    for row, parameters in wanted.items():
        results.seconds(row, lambda p=parameters: get(client, "/api/v1/rankings", **p))  # type: ignore[misc]


def get(client: httpx.Client, path: str, **parameters: str) -> httpx.Response:
    return client.get(path, params=parameters).raise_for_status()


def pages(address: str, results: Results) -> None:
    """Seconds from the address to the filled page, in a Chromium whose cache is warm."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 900})
        for path, ready in PAGES.items():

            def shown(path: str = path, ready: str = ready) -> None:
                page.goto(path)
                page.wait_for_selector(ready, timeout=120_000)

            shown()
            results.seconds(f"page {path}", shown)
        browser.close()


def started_round(client: httpx.Client, results: Results) -> None:
    """Queue a round, follow it to its first training step, and cancel it."""
    estimate = timed(lambda: get(client, "/api/v1/rounds/estimate", method="dpo"))
    results.add("estimate of a round", f"{estimate:.2f} s")
    began = time.perf_counter()
    queued = client.post("/api/v1/rounds", json={"method": "dpo"}).raise_for_status().json()
    results.add("queue a round", f"{time.perf_counter() - began:.2f} s")
    stages: dict[str, float] = {}
    while True:
        now = get(client, f"/api/v1/rounds/{queued['id']}").json()
        if now["stage"] not in stages:
            stages[now["stage"]] = time.perf_counter() - began
        if now["state"] in FINAL or (now["stage"] == "train" and now["step"] > 0):
            break
        time.sleep(0.2)
    results.add("queued → first step", f"{time.perf_counter() - began:.1f} s")
    results.add("stages began", ", ".join(f"{name or 'queued'} {at:.1f} s" for name, at in stages.items()))
    client.post(f"/api/v1/rounds/{queued['id']}/cancel")
