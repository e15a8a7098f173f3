"""How long does everything take with many comparisons? `python -m benchmarks.scale --models MODELS [--sizes 10000 100000]
[--database sqlite|postgresql] [--work FOLDER] [--round] > docs/benchmarks/scale.md`.

MODELS is the folder `models` of a home whose base model is prepared. For each size a database is filled (or taken from FOLDER,
where a run before it left one), `codelynn up` runs on it, and one client uses it over HTTP and in a real Chromium. Prints
Markdown. Exports and imports are compared with a bare SELECT and `json.dumps` of the same rows. `--round` also starts a round
and waits for its first step.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text

from benchmarks.scale_client import (
    Results,
    get,
    imported,
    index_built,
    pages,
    rate,
    read_all,
    searches,
    started_round,
    timed,
    votes_during,
)
from benchmarks.scale_data import fill
from benchmarks.service import codelynn
from feedback_app.store import migrate, open_store
from tests.integration.store.postgres import binaries, postgres_server

SAME_ROWS = "SELECT messages, candidates, groups FROM comparisons JOIN rankings ON comparison_id = id"
POSTGRESQL_ROWS = "SELECT messages::text, candidates::text, groups::text FROM comparisons JOIN rankings ON comparison_id = id"


class Memory:
    """The largest resident memory of each process below this one, read every half second."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            for process in psutil.Process().children(recursive=True):
                try:
                    name = role(process.cmdline())
                    self.most[name] = max(self.most.get(name, 0), process.memory_info().rss)
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue


def role(command: list[str]) -> str:
    """What a process is, by its command line."""
    line = " ".join(command)
    names = {
        "feedback_app.cli up": "up",
        "feedback_app.main": "service",
        "celery": "worker",
        "alignment.round": "trainer",
    }
    return next((name for part, name in names.items() if part in line), "others")


def bare_read(url: str) -> float:
    """Seconds to select the rows of every ranked comparison and to write each as JSON, and nothing else."""
    store = open_store(url)
    query = SAME_ROWS if url.startswith("sqlite") else POSTGRESQL_ROWS
    with store.database.read() as connection:
        rows = connection.execution_options(yield_per=2000).execute(text(query))
        taken = timed(lambda: [len(json.dumps([json.loads(part) for part in row])) for row in rows])
    store.close()
    return taken


def measure(client: httpx.Client, url: str, size: int, with_round: bool) -> Results:
    results = Results()
    results.add("search index built in", f"{index_built(client):.0f} s")
    limit = min(bare_read(url) for _ in range(3))
    results.add("bare SELECT and json.dumps", f"{limit:.1f} s")
    ask = {"prompt": "What shall I cook today?"}
    client.post("/api/v1/comparisons", json=ask).raise_for_status()
    results.seconds("new comparison", lambda: client.post("/api/v1/comparisons", json=ask).raise_for_status())
    searches(client, results)
    results.seconds("consistency", lambda: get(client, "/api/v1/rankings/consistency"))
    results.seconds("leaderboard", lambda: get(client, "/api/v1/leaderboard"))
    results.seconds("status", lambda: get(client, "/api/v1/status"))
    pages(str(client.base_url), results)
    results.add("vote, 95 %", f"{votes_during(client, 40):.3f} s")
    for format in ("trl", "rankings", "kto", "parquet"):
        taken = time.perf_counter()
        lines = read_all(client, format)
        results.add(
            f"export {format}",
            rate(size if format == "parquet" else lines, time.perf_counter() - taken, limit),
        )
    during = votes_during(client, 40, lambda: read_all(client, "trl"))
    results.add("vote during an export, 95 %", f"{during:.3f} s")
    some = min(size, 100_000)
    results.add("import trl", rate(some, imported(client, some), limit * some / size))
    results.seconds(
        "new comparison after it", lambda: client.post("/api/v1/comparisons", json=ask).raise_for_status()
    )
    if with_round:
        started_round(client, results)
    return results


@contextmanager
def database(kind: str, size: int, home: Path, work: Path | None) -> Iterator[str]:
    """The address of a database of that many comparisons."""
    with ExitStack() as stack:
        if kind == "postgresql":
            folder = binaries()
            assert folder, "PostgreSQL is not installed"
            server = stack.enter_context(postgres_server(folder))
            url = server.url(server.create())
        else:
            url = f"sqlite:///{home / 'codelynn.db'}"
            kept = work / f"{size}.db" if work else None
            if kept and kept.exists():
                shutil.copyfile(kept, home / "codelynn.db")
                migrate(url)
                yield url
                return
        migrate(url)
        store = open_store(url)
        fill(store, size)
        store.close()
        yield url


def run(kind: str, size: int, options: argparse.Namespace) -> Results:
    home = Path(tempfile.mkdtemp(prefix="codelynn-scale-"))
    try:
        shutil.copytree(options.models, home / "models")
        with (
            database(kind, size, home, options.work) as url,
            codelynn(home, DATABASE_URL=url) as client,
            Memory() as memory,
        ):
            results = measure(client, url, size, options.round)
        results.add(
            "largest processes",
            ", ".join(f"{name} {most / 1e6:.0f} MB" for name, most in memory.most.items()),
        )
        return results
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--round", action="store_true")
    options = parser.parse_args()
    by_size = {size: run(options.database, size, options) for size in options.sizes}
    print(
        f"\n## {options.database}\n\n| | {' | '.join(f'{size:,}' for size in by_size)} |\n|{' --- |' * (len(by_size) + 1)}"
    )
    for row in next(iter(by_size.values())).rows:
        print(f"| {row} | {' | '.join(results.rows.get(row, '') for results in by_size.values())} |")


if __name__ == "__main__":
    main()
