"""Repeats the win rates of `owner.py` for the versions of an earlier run, with more replies and so narrower intervals.

    python -m benchmarks.judge WORK/warm --owner warm --replies 6

Same prompts and rules as `owner.py`; all versions, the best of four and the system prompt meet the same replies of the base.
"""

import argparse
from pathlib import Path

import httpx

from benchmarks.owners import owners
from benchmarks.service import codelynn
from benchmarks.win_rate import TOKENS, WinRates, asked, interval, judge, prompts, replies

HEADER = "| version | win rate | 95 % interval |\n| --- | --- | --- |"


def versions(client: httpx.Client) -> list[str]:
    """All trained versions: their names contain a dash, `base` and the aliases do not."""
    listed = client.get("/v1/models").raise_for_status().json()["data"]
    return sorted(model["id"] for model in listed if "-" in model["id"])


def row(way: str, wins: WinRates) -> str:
    low, high = interval(wins)
    return f"| {way} | **{wins.mean():.3f}** | {low:.3f} to {high:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path, help="the home that a run left: --work and the owner's name")
    parser.add_argument("--owner", required=True)
    parser.add_argument("--ways", nargs="*", default=[], help="besides all versions: persona, best-of-N")
    parser.add_argument("--prompts", type=int, default=50, help="held-out prompts that are asked")
    parser.add_argument("--replies", type=int, default=6, help="to each prompt")
    parser.add_argument("--ratings", type=Path, help="CSV of politeness ratings, for the owner `polite`")
    arguments = parser.parse_args()
    likes, heldout = owners(arguments.ratings)[arguments.owner], prompts("held_out")[: arguments.prompts]
    print(HEADER, flush=True)
    with codelynn(arguments.home, **TOKENS) as client:
        old = [replies(client, "base", prompt, arguments.replies) for prompt in heldout]
        for way in [*arguments.ways, *versions(client)]:
            new = [asked(client, way, arguments.owner, prompt, arguments.replies) for prompt in heldout]
            print(row(way, judge(likes, new, old)), flush=True)


if __name__ == "__main__":
    main()
