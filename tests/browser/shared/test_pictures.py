"""The pictures in docs/screenshots: the real pages, with the default model, as a person sees them in the first minutes.

`make pictures` takes them anew. A short round is trained for them on the pairs of `tests/data/warm.jsonl`. Replies on the arena, the
chat and the Rounds page are the model's own; those on the Data page and the votes of the leaderboard are made up.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from feedback_app.domain.round import RoundState
from reward_model.live import LiveRewardModel
from tests.browser.arena.test_arena_trouble import AWAY, compare
from tests.browser.choices import choose, version_option
from tests.browser.life import Training, import_pairs, training, votes
from tests.browser.shots import take
from tests.browser.site import Site, serving
from tests.conftest import WAIT_MS
from tests.tiny_model import PERSONAS

pytestmark = [pytest.mark.model, pytest.mark.timeout(1200)]
DESK: ViewportSize = {"width": 1280, "height": 860}
TALL: ViewportSize = {"width": 1280, "height": 1150}
PHONE: ViewportSize = {"width": 390, "height": 844}
PROMPT = "How was your weekend?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service as it is after `make run`: the default model, personas and settings."""
    home = tmp_path_factory.mktemp("default")
    with serving(home, "smollm2", LiveRewardModel, fixed=False, personas=PERSONAS) as running:
        yield running


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with opened(browser.new_context(base_url=site.url, viewport=DESK)) as desk:
        yield desk


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[Page]:
    with opened(
        browser.new_context(base_url=site.url, viewport=PHONE, is_mobile=True, has_touch=True)
    ) as held:
        yield held


@contextmanager
def opened(context: BrowserContext) -> Iterator[Page]:
    with context:
        page = context.new_page()
        page.set_default_timeout(5 * WAIT_MS)
        yield page


def test_the_arena_before_and_after_a_vote(page: Page, phone: Page, site: Site, pictures: Path) -> None:
    page.goto("/")
    page.get_by_role("button", name="Only English").click()
    page.locator("#prompt").fill(PROMPT)
    page.locator("#compare").click()
    expect(page.locator("#asked")).to_contain_text(PROMPT)
    expect(page.locator("#arena")).not_to_contain_text("writing…", timeout=5 * WAIT_MS)
    expect(page.locator("#better-1")).to_be_enabled(timeout=5 * WAIT_MS)
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "arena.png", full=False)
    phone.goto("/")
    expect(phone.locator("#asked")).to_contain_text(PROMPT)
    expect(phone.locator("#better-1")).to_be_enabled()
    take(phone, pictures / "arena-phone.png", full=False)
    page.locator("#auto").get_by_role("checkbox").uncheck()
    page.locator("#better-1").click()
    expect(page.locator("#decided")).to_contain_text("base model", timeout=5 * WAIT_MS)
    expect(page.locator("#steps")).to_contain_text("1 vote, about 9 more")
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "arena-revealed.png", full=False)
    assert site.app.store.comparisons.counts()["ranked"] == 1


def test_a_chat_and_the_settings(page: Page, phone: Page, pictures: Path) -> None:
    page.goto("/chat")
    page.locator("#message textarea").fill("Hello! What can we talk about?")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#regenerate:not([disabled])", timeout=5 * WAIT_MS)
    take(page, pictures / "chat.png", full=False)
    phone.goto("/chat")
    expect(phone.locator("#regenerate")).to_be_enabled()
    take(phone, pictures / "chat-phone.png", full=False)
    page.goto("/settings")
    expect(page.get_by_label("Chat: longest reply")).not_to_have_value("0")
    take(page, pictures / "settings.png", full=False)


def test_the_arena_in_trouble(page: Page, site: Site, pictures: Path) -> None:
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])", timeout=5 * WAIT_MS)
    site.engine.broken = AWAY
    try:
        compare(page, "How was your day?")
        expect(page.get_by_role("alert").filter(has_text="The model does not answer.")).to_be_visible()
        take(page, pictures / "engine-away.png", full=False)
    finally:
        site.engine.broken = ""
    page.wait_for_selector("#arena[data-state=open]", timeout=5 * WAIT_MS)
    compare(page, "What is two plus two? " * 2000)
    expect(page.get_by_role("alert").filter(has_text="The prompt is too long")).to_be_visible()
    take(page, pictures / "too-long.png", full=False)


def test_before_the_first_round(page: Page, site: Site, pictures: Path) -> None:
    import_pairs(site)
    page.goto("/rounds")
    expect(page.locator("#supply")).to_contain_text("Ready to train")
    expect(page.locator("#estimate")).not_to_be_empty()
    take(page, pictures / "rounds-first.png", full=False)


@pytest.fixture(scope="module")
def begun(site: Site) -> Iterator[Training]:
    with training(site) as started:
        yield started


@pytest.fixture(scope="module")
def version(begun: Training) -> str:
    """The version that the short round has trained on warm replies over curt ones."""
    done = begun.ended()
    assert done.state in (RoundState.promoted, RoundState.held), done.error
    assert done.checkpoint is not None
    return done.checkpoint


def test_a_round_while_it_trains(page: Page, begun: Training, pictures: Path) -> None:
    page.goto("/rounds")
    expect(page.locator("#detail")).to_contain_text("left", timeout=10 * WAIT_MS)
    expect(page.locator("#cancel-round")).to_be_visible()
    expect(page.locator("#steps")).not_to_contain_text(re.compile(r"\D0 %"))
    take(page, pictures / "rounds-running.png", full=False)
    assert not begun.site.app.store.rounds.get(begun.id).state.final


def test_a_round_that_ended_and_its_replies_before_and_after(
    page: Page, version: str, pictures: Path
) -> None:
    page.goto("/rounds")
    expect(page.locator(".decision")).to_be_visible()
    page.locator("#write-before-after").click()
    written = page.locator("#before-after").get_by_text("No round trains on held-out prompts.")
    expect(written).to_be_visible(timeout=10 * WAIT_MS)
    page.set_viewport_size({"width": 1280, "height": 1300})
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "rounds.png", full=False)


def test_two_versions_beside_each_other(page: Page, site: Site, version: str, pictures: Path) -> None:
    page.goto("/chat")
    page.wait_for_url("**/chat?c=*")
    page.locator("#new-chat").click()
    expect(page.locator("#about .about")).to_have_count(0)
    choose(page, "#beside", version_option(site, "base"))
    expect(page.locator("#best-of input").first).to_be_disabled()
    page.locator("#message textarea").fill("What shall I do on a rainy Sunday?")
    page.locator("#message textarea").press("Enter")
    page.wait_for_selector("#better-left:not([disabled])", timeout=5 * WAIT_MS)
    page.set_viewport_size({"width": 1280, "height": 1020})
    page.evaluate("window.scrollTo(0, 0)")
    take(page, pictures / "chat-beside.png", full=False)


@pytest.fixture(scope="module")
def voted(site: Site, version: str) -> None:
    votes(site, version)


@pytest.mark.usefixtures("voted")
def test_the_data_and_the_rankings(page: Page, phone: Page, pictures: Path) -> None:
    page.goto("/data")
    expect(page.locator("#exports a[data-records]")).to_have_count(8)
    take(page, pictures / "data.png", full=False)
    page.set_viewport_size(TALL)
    open_ranking(page, "light")
    page.locator("#rankings-panel").evaluate("(one) => one.scrollIntoView()")
    take(page, pictures / "data-rankings.png", full=False)
    phone.emulate_media(color_scheme="dark")
    open_ranking(phone, "dark").evaluate("(one) => one.scrollIntoView()")
    take(phone, pictures / "data-rankings-phone.png", full=False)


def open_ranking(page: Page, theme: str) -> Locator:
    """The second of the list, which is opened."""
    page.goto(f"/data?__theme={theme}")
    page.wait_for_selector("#rankings[data-state=open]")
    row = page.locator("#found-list > li[data-id]").nth(1)
    row.locator("summary").first.click()
    expect(row.locator(".card.won")).to_be_visible()
    return row


@pytest.mark.usefixtures("voted")
def test_the_snapshot_of_a_round_and_what_is_new_since(page: Page, pictures: Path) -> None:
    page.goto("/data")
    expect(page.locator("#snapshots-since")).to_contain_text("new")
    page.get_by_role("button", name="Compare two snapshots").click()
    expect(page.locator("#snapshots-difference .changes > li").first).to_be_visible()
    page.locator("#snapshots-since").evaluate("(one) => one.scrollIntoView()")
    page.evaluate("window.scrollBy(0, -70)")
    take(page, pictures / "snapshots.png", full=False)


@pytest.mark.usefixtures("voted")
def test_the_leaderboard(page: Page, phone: Page, pictures: Path) -> None:
    page.goto("/leaderboard")
    expect(page.get_by_role("region", name="Head to head")).to_be_visible()
    take(page, pictures / "leaderboard.png")
    phone.goto("/leaderboard")
    expect(phone.get_by_role("region", name="Head to head")).to_be_visible()
    take(phone, pictures / "leaderboard-phone.png", full=False)
