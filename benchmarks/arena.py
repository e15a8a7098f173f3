"""How long does it take from the key that ranks a pair to the next pair on screen, in a real Chromium? Prints Markdown.

python -m benchmarks.arena --home HOME [--votes 60] [--read 3]

A quick model leaves the reader less to wait for, and changes nothing in what is measured: CODELYNN_BASE_MODEL.

`codelynn up` runs on HOME; a reader presses 1 or 2, `--read` seconds after each pair has come and not before the next one
is ready. A time runs from the moment the browser gives the key press to the frame in which all new replies are painted.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.service import codelynn
from tests.conftest import ARGS, CHROMIUM

WATCH = """() => {
    const shown = () => [...document.querySelectorAll("#asked, #cards .reply")].map((el) => el.innerText).join("|");
    let pressed = 0, before = "";
    window.painted = [];
    addEventListener("keydown", (event) => { pressed = event.timeStamp; before = shown(); }, true);
    new MutationObserver(() => {
        if (!pressed || shown() === before) return;
        const began = pressed;
        pressed = 0;
        requestAnimationFrame(() => {
            const told = new MessageChannel();
            told.port1.onmessage = () => painted.push(performance.now() - began);
            told.port2.postMessage("after the paint");
        });
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
READY = "document.querySelector('#arena[data-state=open]:not([data-ahead=\"0\"])')"


def measured(page: Page, votes: int, read: float) -> list[float]:
    """Milliseconds from key to paint, one per ranking."""
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    if page.locator("#arena[data-state=empty]").count():
        page.locator("#draw").click()
    page.evaluate(WATCH)
    for done in range(votes):
        page.wait_for_function(READY, timeout=300_000)
        page.wait_for_timeout(1000 * read)
        page.keyboard.press("12"[done % 2])
        page.wait_for_function(f"painted.length > {done}")
    found: list[float] = page.evaluate("painted")
    return found


def main() -> None:
    parser: Any = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--votes", type=int, default=60)
    parser.add_argument("--read", type=float, default=3)
    args = parser.parse_args()
    with codelynn(args.home) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(base_url=str(client.base_url), viewport={"width": 1280, "height": 900})
        times = np.array(measured(page, args.votes, args.read))
        browser.close()
    print("| votes | median ms | 95 % | longest |\n| --- | --- | --- | --- |")
    print(f"| {len(times)} | {np.median(times):.0f} | {np.quantile(times, 0.95):.0f} | {times.max():.0f} |")


if __name__ == "__main__":
    main()
