"""Does a round make the model more like its owner, and what does it cost?

Simulated owners rank pairs of the base model's own replies over the API, queue a round with the default settings, and
compare old and new on prompts that no vote was about. SideBySide the methods of a round two ways without training the chat
model: the best of n replies by a reward model, and a system prompt that says what the owner likes.

    python -m benchmarks.owner --owners short warm polite --votes 50 150 --ratings politeness_stackexchange.csv
    python -m benchmarks.owner --owners warm --votes 150 --ways dpo ppo rloo:steps=20 best-of-4 persona
    python -m benchmarks.owner --owners warm --votes 50 --edit --ways sft dpo:sft_first=true
"""

import argparse
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.owners import EDITS, Owner, owners
from benchmarks.service import codelynn
from benchmarks.win_rate import BEST_OF, TOKENS, WinRates, asked, interval, judge, prompts, replies

HEADER = (
    "| owner | way | votes | minutes to serving | win rate | 95 % interval | perplexity | reply length | KL, nats | decision |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
NEEDS_REWARD = ("ppo", "rloo", BEST_OF)


@dataclass(frozen=True)
class Result:
    """One owner after one round. `wins` refers to the held-out prompts."""

    owner: str
    way: str
    votes: int
    minutes: float
    wins: WinRates
    round: dict[str, Any]

    def row(self) -> str:
        low, high = interval(self.wins)
        evidence = (self.round.get("decision") or {}).get("evidence", {})
        cells = (
            self.owner,
            self.way,
            self.votes,
            f"{self.minutes:.1f}",
            f"**{self.wins.mean():.3f}**",
            f"{low:.3f} to {high:.3f}",
            _ratio(evidence, "perplexity_ratio"),
            _ratio(evidence, "length_ratio"),
            f"{evidence['kl']:.1f}" if "kl" in evidence else "–",
            self.round.get("state", "–"),
        )
        return "| " + " | ".join(map(str, cells)) + " |"


def _ratio(evidence: dict[str, Any], name: str) -> str:
    return f"× {evidence[name]:.3f}" if name in evidence else "–"


def open_comparisons(client: httpx.Client, questions: Sequence[str]) -> None:
    """Generate the pairs, two comparisons at a time."""

    def one(prompt: str) -> None:
        client.post("/api/v1/comparisons", json={"prompt": prompt, "n": 2}).raise_for_status()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, questions))


def waiting(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """All comparisons that are not ranked."""
    cursor = None
    while True:
        params: dict[str, str | int] = {
            "status": "open",
            "limit": 200,
            **({"cursor": cursor} if cursor else {}),
        }
        page = client.get("/api/v1/comparisons", params=params).raise_for_status().json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def vote(client: httpx.Client, likes: Owner, votes: int, edit: Callable[[str], str] | None = None) -> int:
    """Rank open pairs until `votes` of them have a winner; ties are stored but not counted. With `edit`, each ranking includes
    the owner's rewrite of the better reply, which is a demonstration."""
    given = 0
    for item in list(waiting(client)):
        if given == votes:
            break
        first, second = item["candidates"]
        gap = likes(first["text"]) - likes(second["text"])
        order = (
            [[first["id"], second["id"]]]
            if gap == 0
            else [[first["id"]], [second["id"]]][:: 1 if gap > 0 else -1]
        )
        better = first if gap >= 0 else second
        body = {"ranking": order, "edit": edit(better["text"]) if edit else None}
        client.put(f"/api/v1/comparisons/{item['id']}/ranking", json=body).raise_for_status()
        given += gap != 0
    return given


def run_round(client: httpx.Client, way: str) -> tuple[dict[str, Any], float]:
    """Queue a round with the defaults and the settings after the colon. Returns its final state and the minutes from queueing
    until its version answers."""
    began = time.monotonic()
    method, _, given = way.partition(":")
    settings = (item.split("=", 1) for item in given.split(",") if item)
    config = {
        name: list(filter(None, value.split("+"))) if "+" in value else value for name, value in settings
    }
    queued = (
        client.post("/api/v1/rounds", json={"method": method, "config": config}).raise_for_status().json()
    )
    while True:
        state = client.get(f"/api/v1/rounds/{queued['id']}").raise_for_status().json()
        if state["state"] not in ("queued", "running"):
            break
        time.sleep(1)
    if state["checkpoint"]:
        replies(client, state["checkpoint"], "Hello!", 1)
    return state, (time.monotonic() - began) / 60


def measure(
    home: Path,
    name: str,
    likes: Owner,
    votes: Sequence[int],
    ways: Sequence[str],
    heldout: Sequence[str],
    edits: bool,
) -> Iterator[Result]:
    """One owner's methods, each on more votes than the last. A reward model is trained once for all methods that need it, and
    its minutes count for each."""
    given = 0
    with codelynn(home, **TOKENS) as client:
        old = [replies(client, "base", prompt, 2) for prompt in heldout]
        for wanted in sorted(votes):
            given += vote(client, likes, wanted - given, EDITS[name] if edits else None)
            before = run_round(client, "reward")[1] if any(map(_needs_reward, ways)) else 0.0
            for way in ways:
                new, state, minutes = follow(client, way, name, heldout)
                minutes += before if _needs_reward(way) else 0.0
                yield Result(name, way, given, minutes, judge(likes, new, old), state)


def _needs_reward(way: str) -> bool:
    return way.startswith(NEEDS_REWARD)


def follow(
    client: httpx.Client, way: str, name: str, heldout: Sequence[str]
) -> tuple[list[list[str]], dict[str, Any], float]:
    """Two replies to each prompt with this method, the state of its round if it has one, and its minutes."""
    version, state, minutes = way, dict[str, Any](), 0.0
    if way.startswith(BEST_OF):
        n = int(way.removeprefix(BEST_OF))
        # KL of the best of n from the base, at most (Stiennon et al. 2020, appendix G.3).
        state = {"decision": {"evidence": {"kl": math.log(n) - (n - 1) / n}}}
    elif way != "persona":
        state, minutes = run_round(client, way)
        version = state["checkpoint"]
    if version is None:
        raise RuntimeError(f"{name}, {way}: the round ended as {state['state']}: {state['error']}")
    return [asked(client, version, name, prompt, 2) for prompt in heldout], state, minutes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--owners", nargs="+", default=["short", "warm", "asks"])
    parser.add_argument("--votes", nargs="+", type=int, default=[50, 150])
    parser.add_argument(
        "--ways",
        nargs="+",
        default=["dpo"],
        help="methods (with settings: rloo:steps=20, dpo:loss=sigmoid+sft, dpo:loss=sigmoid+), best-of-N, persona",
    )
    parser.add_argument("--edit", action="store_true", help="each ranking comes with the owner's own words")
    parser.add_argument("--prompts", type=int, default=50, help="held-out prompts that are asked")
    parser.add_argument("--ratings", type=Path, help="CSV of politeness ratings, for the owner `polite`")
    parser.add_argument("--work", type=Path, help="folder to work in; a temporary one if left out")
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="codelynn-owner-"))
    known = owners(arguments.ratings)
    pairs = work / "pairs"
    if not (pairs / "complete").exists():
        with codelynn(pairs, **TOKENS) as client:
            open_comparisons(client, prompts("to_rank")[: max(arguments.votes) * 6 // 5 + 5])
        (pairs / "complete").touch()
    heldout = prompts("held_out")[: arguments.prompts]
    print(HEADER, flush=True)
    for name in arguments.owners:
        home = work / name
        shutil.copytree(pairs, home, symlinks=True, ignore=shutil.ignore_patterns("run", "valkey", "*.log"))
        for result in measure(
            home, name, known[name], arguments.votes, arguments.ways, heldout, arguments.edit
        ):
            print(result.row(), flush=True)


if __name__ == "__main__":
    main()
