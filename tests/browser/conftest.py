"""A Chromium, and one service per test file."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.browser.site import Site, serving
from tests.browser.trail import Trail
from tests.conftest import CHROMIUM, WAIT_MS

LEAVING = ("AbortError", "Connection errored out", "net::ERR_ABORTED")
"""What Gradio's client logs when a page is left while it listens."""


WITHHELD = ("net::ERR_FAILED", "status of 422")
"""What Chromium logs of answers that a test withholds or makes up."""

TRAIL = pytest.StashKey[Trail]()

GRADIO_WARNINGS = (
    "'future.no_silent_downcasting'",
    "The copy keyword is deprecated",
)
"""What Gradio 6.31 warns of about itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="no Chromium on PATH: install one to run the browser tests")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            for words in GRADIO_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{words}"))
            if CHROMIUM is None:
                item.add_marker(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test tells what its page showed and did last."""
    report = yield
    if report.when == "call" and report.failed and TRAIL in item.stash:
        report.sections.append(("the page", item.stash[TRAIL].told()))
    return report


@pytest.fixture(scope="module")
def site(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("home"), tiny_model) as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: the folder PICTURES, as for docs/pages.md, or one that is thrown away."""
    return Path(os.environ.get("PICTURES") or tmp_path)


@pytest.fixture
def page(browser: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that ends its test in failure if it asked another host for anything or logged an error."""
    outside: list[str] = []
    errors: list[str] = []

    def asked(request: Request) -> None:
        trail.add("asked", request.method, request.url, request.post_data or "")
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            outside.append(request.url)

    def logged(message: ConsoleMessage) -> None:
        trail.add("logged", message.type, message.text)
        if message.type == "error" and not any(word in message.text for word in (*LEAVING, *WITHHELD)):
            errors.append(message.text)

    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    request.node.stash[TRAIL] = trail = Trail(opened)
    opened.set_default_timeout(WAIT_MS)
    opened.on("request", asked)
    opened.on("console", logged)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert outside == [], "the page asked another host"
    assert errors == [], "the page logged errors"


@pytest.fixture
def intercepted(page: Page) -> Page:
    """The page, with every request handed to Playwright from the first on: switched on by a later `route`, Chromium may let
    through what the page asks in the same moment."""
    page.route("**/never-asked", lambda route: route.abort())
    return page
