"""What a page did and shows, told where its test fails: such failures come once in many runs."""

import time
from collections import deque
from dataclasses import dataclass, field

from playwright.sync_api import Error, Page

KEPT = 60
LONGEST = 300
SHOWN = """() => [...document.querySelectorAll("button, #line, #decided, #asked, #open-id textarea, .reply")]
    .filter((el) => el.offsetParent)
    .map((el) => `${el.tagName} ${el.id} ${el.disabled ? "off" : ""} ${(el.value || el.innerText || "").slice(0, 80)}`)
    .join("\\n")"""


@dataclass(slots=True)
class Trail:
    """The last requests and console lines of a page, with the second they came at."""

    page: Page
    began: float = field(default_factory=time.monotonic)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, *words: str) -> None:
        self.lines.append(f"{time.monotonic() - self.began:7.2f} {' '.join(words)}"[:LONGEST])

    def told(self) -> str:
        try:
            shown = str(self.page.evaluate(SHOWN))
        except Error as error:
            shown = f"(the page does not answer: {error})"
        return "\n".join([*self.lines, f"-- {self.page.url} shows:", shown])
