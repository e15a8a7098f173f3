"""How often an owner prefers replies of one version to the base's, on prompts that were never ranked."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.owners import WISHES, Owner

HERE = Path(__file__).resolve().parent
PERSONA = HERE.parent / "datasets" / "personas" / "lynn.json"
TOKENS = {"MAX_NEW_TOKENS": "80", "TEMPERATURE": "0.9"}
BEST_OF = "best-of-"
WinRates = np.ndarray[tuple[int], np.dtype[np.float64]]
"""One for each prompt, shape (prompts,)."""


def prompts(name: str) -> list[str]:
    """Everyday questions and remarks, one per line."""
    return (HERE / f"prompts_{name}.txt").read_text(encoding="utf-8").splitlines()


def replies(
    client: httpx.Client, model: str, prompt: str, n: int, wish: str = "", best_of: int = 1
) -> list[str]:
    """`n` replies, each the best of `best_of`."""
    system = f"{_system_prompt()} {wish}".strip()
    messages = [{"role": "system", "content": system}, {"role": "user", "content": prompt}]
    body = {"model": model, "messages": messages, "seed": 1000}
    if best_of == 1:
        return _choices(client, body | {"n": n})
    return [
        reply
        for number in range(n)
        for reply in _choices(client, body | {"best_of": best_of, "seed": 1000 + number})
    ]


def asked(client: httpx.Client, way: str, owner: str, prompt: str, n: int) -> list[str]:
    """`n` replies of a version, of the base with the owner's wish in its system prompt, or of best-of-n on the base."""
    if way == "persona":
        return replies(client, "base", prompt, n, WISHES[owner])
    if way.startswith(BEST_OF):
        return replies(client, "base", prompt, n, best_of=int(way.removeprefix(BEST_OF)))
    return replies(client, way, prompt, n)


def _choices(client: httpx.Client, body: dict[str, Any]) -> list[str]:
    answer = client.post("/v1/chat/completions", json=body).raise_for_status().json()
    return [choice["message"]["content"] for choice in answer["choices"]]


def _system_prompt() -> str:
    return str(json.loads(PERSONA.read_text(encoding="utf-8"))["system_prompt"])


def judge(likes: Owner, new: Sequence[Sequence[str]], old: Sequence[Sequence[str]]) -> WinRates:
    """Win rate of the new replies on each prompt: all pairs of its samples, a tie counts half."""
    return np.array(
        [
            np.mean([(1 + np.sign(likes(a) - likes(b))) / 2 for a in mine for b in theirs])
            for mine, theirs in zip(new, old, strict=True)
        ]
    )


def interval(wins: WinRates) -> tuple[float, float]:
    """95 % interval of the mean: a bootstrap over prompts."""
    draws = np.random.default_rng(0).choice(wins, (4000, len(wins))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
