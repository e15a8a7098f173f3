"""A first run as its user does it: 30 rankings in the browser, a round, and the new version answers.

Drives Chromium against a fresh `codelynn up` and prints what happened, with the time, as Markdown:

    python -m benchmarks.first_run > docs/benchmarks/first-run.md
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

from benchmarks.owners import Owner, owners
from benchmarks.service import codelynn

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
PAIRS = 10
READY = "#better-1:not([disabled])"


class Diary:
    """Log of events with the minutes since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def note(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"- `{minutes:02d}:{seconds:02d}` {text}", flush=True)


def rank(page: Page, likes: Owner, wanted: int, diary: Diary) -> None:
    """Rank drawn pairs with the mouse until `wanted` of them had a winner."""
    page.goto("/")
    page.locator("#draw").click()
    page.wait_for_selector(READY, timeout=120_000)
    rank_on(
        page, likes, wanted, lambda given: diary.note(f"{given} rankings given") if given % 10 == 0 else None
    )


def rank_on(page: Page, likes: Owner, wanted: int, seen: Callable[[int], None]) -> None:
    """Rank the shown pairs; the page continues by itself. `seen` is called after each winner with the number of winners."""
    given = 0
    while given < wanted:
        page.wait_for_selector(READY, timeout=120_000)
        a, b = (page.locator(f"#card-{letter} .reply").inner_text() for letter in "ab")
        gap = likes(a) - likes(b)
        address = page.evaluate("location.href")
        page.locator("#tie" if gap == 0 else "#better-1" if gap > 0 else "#better-2").click()
        if gap != 0:
            given += 1
            seen(given)
        page.wait_for_function("(address) => location.href !== address", arg=address, timeout=60_000)


def run_round(page: Page, client: httpx.Client, diary: Diary) -> str:
    """Queue a round on its page, wait until it ends, and return the new version's name."""
    page.goto("/rounds")
    page.locator("#queue-round").click()
    halfway = False
    while True:
        newest = (client.get("/api/v1/rounds").json() or [{"state": "queued", "percent": 0}])[0]
        if newest["percent"] > 40 and not halfway:
            halfway = True
            diary.note(f"the round is at {newest['percent']:.0f} %, stage {newest['stage']}")
        if newest["state"] not in ("queued", "running"):
            break
        time.sleep(1)
    diary.note(f"the round ended: **{newest['state']}** {newest['error']}")
    for reason in (newest["decision"] or {}).get("reasons", []):
        print(f"    - {reason}")
    return str(newest["checkpoint"])


def compare_with_base(page: Page, client: httpx.Client, likes: Owner, version: str, diary: Diary) -> None:
    """Rank the new version against its predecessor, after the pair that was prepared before the new version existed."""
    page.goto("/")
    rank_on(page, likes, 1, lambda given: None)
    rank_on(page, likes, PAIRS, lambda given: None)
    rows = client.get("/api/v1/leaderboard").json()
    won = {row["model"]: row["wins"] for row in rows}
    diary.note(f"{PAIRS} rankings of `{version}` against base: it won {won.get(version, 0):g}")


def chat(page: Page, version: str, diary: Diary) -> None:
    page.goto("/chat")
    page.locator("#message textarea").fill("I had a long day and I feel a bit low.")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#regenerate:not([disabled])", timeout=120_000)
    answer = page.locator("#transcript .bot").last.inner_text()
    diary.note(f"the chat, now with `{version}`, answers: “{' '.join(answer.split())}”")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rankings", type=int, default=30)
    parser.add_argument("--owner", default="warm")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="codelynn-first-"))
    diary = Diary()
    print("# A first run\n\nPrinted by `python -m benchmarks.first_run`. Minutes and seconds.\n")
    with codelynn(home, ARGILLA_ENABLED="true", ARGILLA_PORT="0") as client, sync_playwright() as playwright:
        diary.note(
            "`codelynn up` on an empty home says that it is ready (model prepared, everything started)"
        )
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(base_url=str(client.base_url), viewport={"width": 1280, "height": 860})
        rank(page, owners(None)[arguments.owner], arguments.rankings, diary)
        version = run_round(page, client, diary)
        compare_with_base(page, client, owners(None)[arguments.owner], version, diary)
        chat(page, version, diary)
        browser.close()
    diary.note("Ctrl-C: everything has stopped")
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    diary.note(f"the home takes {size / 1e9:.1f} GB")
    with codelynn(home, ARGILLA_ENABLED="true", ARGILLA_PORT="0"):
        diary.note("started again, it says that it is ready")


if __name__ == "__main__":
    main()
