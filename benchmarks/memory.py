"""Memory and idle cost of the service: `python -m benchmarks.memory --base MODELS > docs/benchmarks/memory.md`.

MODELS is the folder `models` of a home whose base model is prepared (left out: it is prepared anew). Starts `codelynn serve`
on a home of its own with three versions, uses it as its owner would for an hour, then with a trained reward model, and prints
what the process holds after each step, what the process beside it that scores holds, and how much of a core the service takes while
nobody asks anything. Ends with 1 if a bound is broken.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from alignment.contract.manifests.reward import RewardManifest, write_reward
from alignment.contract.manifests.values import BaseRecord
from benchmarks.best_of import write_untrained
from benchmarks.service import free_port, wait_ready
from feedback_app.domain.round import Checkpoint
from feedback_app.main import prepare_database, prepare_model
from feedback_app.settings import Settings
from feedback_app.store import open_store

BOUND_MEGABYTES = 1200
BOUND_IDLE = 0.02
VERSION, THIRD = "second", "third"
REWARD = "reward-1"
REWARD_IDLE_SECONDS = 15
WORDS = "The quick brown fox jumps over the lazy dog and goes home to cook soup. "


class Watched:
    """The service's process: its memory now, and its peak since the last call."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._status = Path(f"/proc/{pid}/status")
        self._refs = Path(f"/proc/{pid}/clear_refs")
        self.most = 0.0

    def row(self, step: str, act: Callable[[], object]) -> None:
        self._refs.write_text("5")  # the highest mark begins anew
        began = time.monotonic()
        act()
        peak = self._kilobytes("VmHWM") / 1000
        self.most = max(self.most, peak)
        after = self._kilobytes("VmRSS") / 1000
        seconds = time.monotonic() - began
        print(f"| {step} | {peak:.0f} | {after:.0f} | {seconds:.0f} | {self._scoring()} |", flush=True)

    def scoring(self) -> list[psutil.Process]:
        """The scoring processes."""
        return [one for one in self._process.children() if "alignment.scoring" in one.cmdline()]

    def _scoring(self) -> str:
        """Their peak memory so far."""
        found = [Path(f"/proc/{one.pid}/status") for one in self.scoring()]
        return ", ".join(f"{self._kilobytes('VmHWM', status) / 1000:.0f}" for status in found)

    def idle(self, seconds: float) -> float:
        """The share of a core that is used."""
        before = self._process.cpu_times()
        time.sleep(seconds)
        after = self._process.cpu_times()
        return (after.user + after.system - before.user - before.system) / seconds

    def _kilobytes(self, name: str, status: Path | None = None) -> int:
        lines = (status or self._status).read_text().splitlines()
        line = next(line for line in lines if line.startswith(name))
        return int(line.split()[1])


@contextmanager
def serving(home: Path) -> Iterator[tuple[httpx.Client, Watched]]:
    port = free_port()
    idle = str(REWARD_IDLE_SECONDS)
    settings = {"HOME": str(home), "PORT": str(port), "REWARD_IDLE_SECONDS": idle}
    env = {**os.environ, **{f"CODELYNN_{name}": value for name, value in settings.items()}}
    with (home / "serve.log").open("ab") as log:
        command = [sys.executable, "-m", "feedback_app.cli", "serve"]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=900) as client:
                wait_ready(client, process)
                yield client, Watched(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def prepare(home: Path, models: Path | None) -> None:
    """A base model and two copies of it as separate versions."""
    if models:
        shutil.copytree(models, home / "models")
    settings = Settings(home=home)  # type: ignore[call-arg]
    prepare_database(settings)
    base = prepare_model(settings)
    assert base.ct2_dir is not None
    store = open_store(settings.database)
    for name in (VERSION, THIRD):
        folder = home / "checkpoints" / name
        shutil.copytree(base.ct2_dir, folder / "ct2")
        store.checkpoints.add(Checkpoint(name, str(folder)))
    store.close()


def shelve(home: Path) -> None:
    """A reward model of the default size in the form of a trained one, which needs as much memory."""
    base = prepare_model(Settings(home=home))  # type: ignore[call-arg]
    folder = home / "rewards" / REWARD
    writing = multiprocessing.get_context("spawn").Process(target=write_untrained, args=(base.hf_dir, folder))
    writing.start()
    writing.join()
    created = "2026-01-01T00:00:00+00:00"
    write_reward(folder, RewardManifest(base=BaseRecord(hash=base.hash), passed=True, created_at=created))


def scored(client: httpx.Client, prompts: int, words: int) -> None:
    """Four long replies to each of several long prompts."""
    text = WORDS * (words // 15 + 1)
    line = json.dumps(
        {"prompt": text, "replies": [f"{start} {text}" for start in ("Well,", "Hm.", "Oh!", "")]}
    )
    kind = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/api/v1/rewards/score", content="\n".join([line] * prompts), headers=kind)
    assert answer.raise_for_status().text.count('"rewards"') == prompts


def until_idle(watched: Watched) -> None:
    while watched.scoring():
        time.sleep(0.5)


def ask(client: httpx.Client, model: str = "base", words: int = 8, **fields: object) -> httpx.Response:
    """A completion whose prompt has about that many words."""
    text = " ".join((WORDS * (words // 15 + 1)).split()[:words])
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 128, **fields}
    return client.post("/v1/chat/completions", json=body)


def pairs(client: httpx.Client) -> None:
    """Ranked comparisons of both versions."""
    for i in range(6):
        asked = {"prompt": f"What shall I cook on day {i}?", "models": ["base", VERSION]}
        made = client.post("/api/v1/comparisons", json=asked).raise_for_status().json()
        ids = [candidate["id"] for candidate in made["candidates"]]
        ranking = {"ranking": [[one] for one in ids]}
        client.put(f"/api/v1/comparisons/{made['id']}/ranking", json=ranking).raise_for_status()


def abandoned(client: httpx.Client) -> None:
    """Eight long whole answers whose readers leave after two seconds, four of them with long prompts."""

    def leave(words: int) -> None:
        with httpx.Client(base_url=client.base_url, timeout=2) as other:
            try:
                ask(other, words=words, max_tokens=4000)
            except httpx.TimeoutException:
                return

    with ThreadPoolExecutor(8) as readers:
        list(readers.map(leave, [8, 600] * 4))
    time.sleep(2)
    ask(client).raise_for_status()


def use_reward(home: Path, client: httpx.Client, watched: Watched) -> None:
    """With a trained reward model, which scores in a separate process."""
    shelve(home)
    watched.row("the best of four, by a trained reward model", lambda: chosen(client, best_of=4))
    watched.row("the best of eight to 600 words, by it", lambda: chosen(client, words=600, best_of=8))
    watched.row("80 replies of 150 words to 20 prompts scored", lambda: scored(client, 20, 150))
    watched.row("it was not used for a while", lambda: until_idle(watched))


def chosen(client: httpx.Client, **fields: int) -> None:
    """A reply that the trained reward model chose."""
    answer = ask(client, **fields).raise_for_status().text
    assert "the trained reward model" in answer


def use(client: httpx.Client, watched: Watched) -> None:
    steps: list[tuple[str, Callable[[], object]]] = [
        ("started", lambda: None),
        ("a short reply", lambda: ask(client).raise_for_status()),
        ("one of a second version", lambda: ask(client, VERSION).raise_for_status()),
        ("one of a third version", lambda: ask(client, THIRD).raise_for_status()),
        ("six pairs of two versions, ranked", lambda: pairs(client)),
        ("eight replies to a short prompt", lambda: ask(client, n=8).raise_for_status()),
        ("the best of eight", lambda: ask(client, best_of=8).raise_for_status()),
        ("a prompt of 800 words", lambda: ask(client, words=800).raise_for_status()),
        ("the best of eight to 600 words", lambda: ask(client, words=600, best_of=8).raise_for_status()),
        ("a prompt of 6,000 words (refused: 400)", lambda: ask(client, words=6000)),
        ("eight abandoned long requests", lambda: abandoned(client)),
    ]
    for step, act in steps:
        watched.row(step, act)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base", type=Path)
    options.add_argument("--idle-seconds", type=float, default=60)
    given = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="codelynn-memory-"))
    prepare(home, given.base)
    print("# Memory and idle cost\n")
    print(
        "Printed by `python -m benchmarks.memory`: the service's own process, default model. The last column is the process"
    )
    print(
        "beside it that scores with a trained reward model: the most it held so far. It ends when it was not used for a while"
    )
    print(f"(`CODELYNN_REWARD_IDLE_SECONDS`, here {REWARD_IDLE_SECONDS}).\n")
    columns = ("step", "MB at most", "MB after it", "seconds", "MB at most, beside it")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    with serving(home) as (client, watched):
        use(client, watched)
        use_reward(home, client, watched)
        idle = watched.idle(given.idle_seconds)
    shutil.rmtree(home)
    print(f"\nAt most {watched.most:.0f} MB (bound: {BOUND_MEGABYTES}).", end=" ")
    print(f"Idle for {given.idle_seconds:g} s: {idle:.1%} of a core (bound: {BOUND_IDLE:.0%}).")
    if watched.most > BOUND_MEGABYTES or idle > BOUND_IDLE:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
