"""A first run as its user does it: 30 rankings in the browser, a round, and the new version answers.

Drives Chromium against a fresh `codelynn up`, takes a picture of each page, and prints the transcript as Markdown:

    python -m benchmarks.first_run --pictures docs/screenshots > docs/transcript.md
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
DUELS = 10
READY = "#better-1:not([disabled])"


TABLE = """
| | |
| --- | --- |
| ![The arena](screenshots/arena.png) | ![After the vote](screenshots/arena-revealed.png) |
| ![A round, running](screenshots/rounds-running.png) | ![The round, promoted](screenshots/rounds.png) |
| ![Chat](screenshots/chat.png) | ![Leaderboard](screenshots/leaderboard.png) |
| ![Data](screenshots/data.png) | ![Two versions in the chat](screenshots/chat-beside.png) |"""


class Diary:
    """What happened, with the minutes since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def note(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"- `{minutes:02d}:{seconds:02d}` {text}", flush=True)


def picture(page: Page, folder: Path, name: str) -> None:
    page.wait_for_timeout(800)
    page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled", caret="hide")


def rank(page: Page, likes: Owner, wanted: int, diary: Diary, pictures: Path) -> None:
    """Rank drawn pairs with the mouse until `wanted` of them had a winner."""
    page.goto("/")
    page.locator("#draw").click()
    page.wait_for_selector(READY, timeout=120_000)
    picture(page, pictures, "arena")
    rank_on(
        page, likes, wanted, lambda given: diary.note(f"{given} rankings given") if given % 10 == 0 else None
    )


def rank_on(page: Page, likes: Owner, wanted: int, seen: Callable[[int], None]) -> None:
    """Rank what is shown; the page goes on by itself. `seen` is called after each winner, with how many there were."""
    given = 0
    while given < wanted:
        page.wait_for_selector(READY, timeout=120_000)
        a, b = (page.locator(f"#card-{letter} .reply").inner_text() for letter in "ab")
        gap = likes(a) - likes(b)
        judged = page.evaluate("location.href")
        page.locator("#tie" if gap == 0 else "#better-1" if gap > 0 else "#better-2").click()
        if gap != 0:
            given += 1
            seen(given)
        page.wait_for_function("(judged) => location.href !== judged", arg=judged, timeout=60_000)


def run_round(page: Page, client: httpx.Client, diary: Diary, pictures: Path) -> str:
    """Queue a round on its page and wait for its end; the new version's name."""
    page.goto("/rounds")
    page.locator("#queue-round").click()
    halfway = False
    while True:
        newest = (client.get("/api/v1/rounds").json() or [{"state": "queued", "percent": 0}])[0]
        if newest["percent"] > 40 and not halfway:
            halfway = True
            picture(page, pictures, "rounds-running")
            diary.note(f"the round is at {newest['percent']:.0f} %, stage {newest['stage']}")
        if newest["state"] not in ("queued", "running"):
            break
        time.sleep(1)
    diary.note(f"the round ended: **{newest['state']}** {newest['error']}")
    for reason in (newest["decision"] or {}).get("reasons", []):
        print(f"    - {reason}")
    page.reload()
    picture(page, pictures, "rounds")
    return str(newest["checkpoint"])


def duel(page: Page, client: httpx.Client, likes: Owner, version: str, diary: Diary, pictures: Path) -> None:
    """Rank the new version against its predecessor, after the pair that was drawn before there was a new version."""
    page.goto("/")
    rank_on(page, likes, 1, lambda given: None)
    rank_on(
        page, likes, DUELS, lambda given: picture(page, pictures, "arena-revealed") if given == 1 else None
    )
    rows = client.get("/api/v1/leaderboard").json()
    won = {row["model"]: row["wins"] for row in rows}
    diary.note(f"{DUELS} rankings of `{version}` against base: it won {won.get(version, 0):g}")


def chat(page: Page, version: str, diary: Diary, pictures: Path) -> None:
    page.goto("/chat")
    page.locator("#message textarea").fill("I had a long day and I feel a bit low.")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#regenerate:not([disabled])", timeout=120_000)
    picture(page, pictures, "chat")
    answer = page.locator("#transcript .bot").last.inner_text()
    diary.note(f"the chat, now with `{version}`, answers: “{' '.join(answer.split())}”")


def beside(page: Page, pictures: Path) -> None:
    """The new version and base answer the same message side by side."""
    page.locator("#new-chat").click()
    page.wait_for_function("!location.search.includes('c=')")
    page.locator("#beside input").click()
    page.get_by_role("option", name="base", exact=True).click()
    page.wait_for_selector("#best-of input[disabled]")
    page.locator("#message textarea").fill("What shall I do on a rainy Sunday?")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#better-left:not([disabled])", timeout=120_000)
    picture(page, pictures, "chat-beside")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True, help="folder for the screenshots")
    parser.add_argument("--rankings", type=int, default=30)
    parser.add_argument("--owner", default="warm")
    arguments = parser.parse_args()
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="codelynn-first-"))
    diary = Diary()
    print(
        "# A first run\n\nPrinted by `python -m benchmarks.first_run --pictures docs/screenshots`. Minutes and seconds.\n"
    )
    with codelynn(home, ARGILLA_ENABLED="true", ARGILLA_PORT="0") as client, sync_playwright() as playwright:
        diary.note(
            "`codelynn up` on an empty home says that it is ready (model prepared, everything started)"
        )
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(base_url=str(client.base_url), viewport={"width": 1280, "height": 860})
        rank(page, owners(None)[arguments.owner], arguments.rankings, diary, arguments.pictures)
        version = run_round(page, client, diary, arguments.pictures)
        duel(page, client, owners(None)[arguments.owner], version, diary, arguments.pictures)
        chat(page, version, diary, arguments.pictures)
        beside(page, arguments.pictures)
        for name in ("leaderboard", "data"):
            page.goto(f"/{name}")
            picture(page, arguments.pictures, name)
        browser.close()
    diary.note("Ctrl-C: everything has stopped")
    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    diary.note(f"the home takes {size / 1e9:.1f} GB")
    with codelynn(home, ARGILLA_ENABLED="true", ARGILLA_PORT="0"):
        diary.note("started again, it says that it is ready")
    print(TABLE)


if __name__ == "__main__":
    main()
