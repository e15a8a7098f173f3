"""The pictures in docs/screenshots: the real pages, with the default model, as a person sees them in the first minutes.

`PICTURES=docs/screenshots pytest tests/browser/shared/test_pictures.py` takes them anew. A short round is trained for them on a few made-up pairs.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from feedback_app.domain.round import RoundState
from reward_model.live import LiveRewardModel
from tests.browser.shots import take
from tests.browser.site import Site, serving
from tests.conftest import WAIT_MS
from tests.tiny_model import PERSONAS, TURNS
from workers.bootstrap import Workshop
from workers.rounds import run_round

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


@pytest.fixture(scope="module")
def version(site: Site) -> str:
    """A version that a short round has trained on warm replies over curt ones, through the worker as always."""
    pairs = [
        {"prompt": f"{user} ({number})", "chosen": reply, "rejected": "No."}
        for number, (user, reply) in enumerate(TURNS * 4)
    ]
    site.app.services.data.import_("trl", "\n".join(map(json.dumps, pairs)).encode())
    short = {"epochs": 1, "batch_size": 4, "gate_prompts": 8, "gate_max_new_tokens": 32}
    queued = site.app.store.rounds.get(site.app.services.rounds.queue("dpo", short).id)
    shop = Workshop(site.app.settings, site.app.store, dict, threading.Event(), "a worker")
    run_round(shop, queued.id)
    done = site.app.store.rounds.get(queued.id)
    assert done.state in (RoundState.promoted, RoundState.held), done.error
    assert done.checkpoint is not None
    return done.checkpoint


def test_a_round_that_ended_and_its_replies_before_and_after(
    page: Page, version: str, pictures: Path
) -> None:
    page.goto("/rounds")
    expect(page.locator(".decision")).to_be_visible()
    page.locator("#write-before-after").click()
    expect(page.locator("#before-after li")).to_have_count(5, timeout=5 * WAIT_MS)
    take(page, pictures / "rounds.png")
