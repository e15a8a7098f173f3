"""The pictures in docs/screenshots: the real pages, with the default model, as a person sees them in the first minutes.

`PICTURES=docs/screenshots pytest tests/browser/test_pictures.py` takes them anew. Pictures of rounds are taken by
`python -m benchmarks.first_run`, which trains one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reward_model.live import LiveRewardModel
from tests.browser.shots import take
from tests.browser.site import Site, serving
from tests.conftest import WAIT_MS
from tests.tiny_model import PERSONAS

pytestmark = [pytest.mark.model, pytest.mark.timeout(1200)]
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
PROMPT = "What should I cook tonight?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service as it is after `make run`: the default model, personas and settings."""
    home = tmp_path_factory.mktemp("default")
    with serving(home, "smollm2", LiveRewardModel, fixed=False, personas=PERSONAS) as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url, viewport=DESK)
    opened = context.new_page()
    opened.set_default_timeout(5 * WAIT_MS)
    yield opened
    context.close()


def test_the_arena_before_and_after_a_vote(page: Page, site: Site, pictures: Path) -> None:
    page.goto("/")
    page.get_by_role("button", name="Only English").click()
    page.locator("#prompt").fill(PROMPT)
    page.locator("#compare").click()
    expect(page.locator("#asked")).to_contain_text(PROMPT)
    expect(page.locator("#arena")).not_to_contain_text("writing…", timeout=5 * WAIT_MS)
    expect(page.locator("#better-1")).to_be_enabled(timeout=5 * WAIT_MS)
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "arena.png", full=False)
    page.set_viewport_size(PHONE)
    take(page, pictures / "arena-phone.png", full=False)
    page.set_viewport_size(DESK)
    page.locator("#auto").get_by_role("checkbox").uncheck()
    page.locator("#better-1").click()
    expect(page.locator("#decided")).to_contain_text("base model", timeout=5 * WAIT_MS)
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "arena-revealed.png", full=False)
    assert site.app.store.comparisons.counts()["ranked"] == 1


def test_a_chat_and_the_settings(page: Page, pictures: Path) -> None:
    page.goto("/chat")
    page.locator("#message textarea").fill("Hello! What can we talk about?")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#regenerate:not([disabled])", timeout=5 * WAIT_MS)
    take(page, pictures / "chat.png", full=False)
    page.set_viewport_size(PHONE)
    take(page, pictures / "chat-phone.png", full=False)
    page.set_viewport_size(DESK)
    page.goto("/settings")
    expect(page.get_by_label("Chat: longest reply")).not_to_have_value("0")
    take(page, pictures / "settings.png", full=False)


def test_the_data_and_what_comes_before_the_first_round(page: Page, pictures: Path) -> None:
    page.goto("/data")
    expect(page.locator("#exports a").first).to_be_visible()
    take(page, pictures / "data.png", full=False)
    page.goto("/rounds")
    expect(page.locator("#queue-round")).to_be_visible()
    take(page, pictures / "rounds-first.png", full=False)
