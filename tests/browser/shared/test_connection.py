"""A service that goes away and comes back, as the owner sees it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site, listening, web
from tests.conftest import WAIT_MS

LOST = "codeLynn does not answer. What you typed is kept."


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A page whose errors are expected: its service goes away."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


@pytest.mark.parametrize(("path", "field"), [("/", "#prompt"), ("/chat", "#message textarea")])
def test_a_restart_is_told_of_and_nothing_typed_is_lost(
    visitor: Page, site: Site, path: str, field: str
) -> None:
    with listening(web(site.app)) as port:
        visitor.goto(f"http://127.0.0.1:{port}{path}")
        if path == "/":
            visitor.wait_for_selector("#arena:not([data-state=loading])")
        expect(visitor.locator(field)).to_be_enabled()
        visitor.locator(field).press_sequentially("Half a thought")
        expect(visitor.locator("#lost")).to_be_hidden()
        before = visitor.evaluate("window.gradio_config.app_id")
    visitor.locator(field).press_sequentially("s")
    expect(visitor.get_by_role("alert").filter(has_text=LOST)).to_be_visible()
    expect(visitor.locator(field)).to_have_value("Half a thoughts")
    with listening(web(site.app), port):
        visitor.wait_for_function("(before) => window.gradio_config?.app_id !== before", arg=before)
        expect(visitor.locator(field)).to_have_value("Half a thoughts")
        expect(visitor.locator("#lost")).to_be_hidden()
        visitor.locator(field).press_sequentially(", and the rest")
        expect(visitor.locator(field)).to_have_value("Half a thoughts, and the rest")


def test_a_message_sent_in_a_short_break_stays_in_its_field(visitor: Page, site: Site) -> None:
    visitor.goto(f"{site.url}/chat")
    field = visitor.locator("#message textarea")
    expect(field).to_be_enabled()
    field.press_sequentially("Half a thought")
    visitor.context.set_offline(True)
    field.press("Enter")
    expect(visitor.locator("#lost")).to_contain_text(LOST)
    visitor.context.set_offline(False)
    expect(visitor.locator("#lost")).to_be_hidden()
    expect(field).to_have_value("Half a thought")


def test_nothing_is_asked_while_all_is_well(visitor: Page, site: Site) -> None:
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.goto(f"{site.url}/leaderboard")
    visitor.wait_for_selector("#steps li")
    visitor.wait_for_load_state("load")
    visitor.evaluate("window.codelynn.doubt()")
    visitor.wait_for_function(
        "performance.getEntriesByType('resource').some((e) => e.name.endsWith('/health/live'))"
    )
    assert sum(url.endswith("/health/live") for url in asked) == 1
    expect(visitor.locator("#lost")).to_have_count(0)
