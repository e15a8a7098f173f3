"""Topics and languages in the arena: what is drawn is what was chosen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.services.arena.prompt_packs import Interests
from tests.browser.arena.test_arena_page import READY, shown
from tests.browser.arena.test_arena_votes import stored
from tests.browser.site import Site


@pytest.fixture(autouse=True)
def empty(site: Site) -> Iterator[None]:
    """Nothing waits from before, and the owner's languages are as they were."""
    arena = site.app.services.arena
    for waiting in site.app.store.comparisons.waiting("arena", 100):
        site.app.store.comparisons.skip(waiting.id)
    before = arena.interests
    yield
    arena.interests = before


def drawn(page: Page, site: Site, times: int) -> list[tuple[str, ...]]:
    """The tags of as many prompts as are drawn one after the other."""
    found = []
    for _ in range(times):
        page.locator("#draw").click()
        page.wait_for_selector(READY)
        found.append(shown(page, site).tags)
        page.locator("#skip").click()
        page.wait_for_selector(READY)
        found.append(shown(page, site).tags)
    return found


def test_small_talk_is_small_talk_in_the_owners_language(page: Page, site: Site) -> None:
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    page.locator("#topic").select_option("small_talk")
    tags = drawn(page, site, 4)
    assert {own[0] for own in tags} == {"small_talk"}
    assert not {"latin", "german"} & {tag for own in tags for tag in own}


def test_what_waits_in_another_language_or_topic_is_not_shown(page: Page, site: Site) -> None:
    latin = stored(site, "Salve! Quid agis hodie?", "Bene.", "Male.")
    english = stored(site, "hiya", "Hello.", "Good day.")
    page.goto("/")
    page.wait_for_selector(READY)
    assert shown(page, site).id != latin.id
    site.app.services.arena.interests = lambda: Interests(("la",))
    page.goto("/")
    page.wait_for_selector(READY)
    assert shown(page, site).id == latin.id
    assert site.app.store.comparisons.get(english.id).status == ComparisonStatus.open


def test_only_topics_with_prompts_in_the_owners_languages_are_offered(page: Page, site: Site) -> None:
    site.app.services.arena.interests = lambda: Interests(("la",))
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    expect(page.locator("#topic option[value=coding]")).to_be_disabled()
    expect(page.locator("#topic option[value=small_talk]")).to_be_enabled()
    page.locator("#draw").click()
    page.wait_for_selector(READY)
    assert "latin" in shown(page, site).tags


def test_where_no_prompt_suits_the_page_says_what_to_do(page: Page, site: Site) -> None:
    site.app.services.arena.interests = lambda: Interests(("fr",))
    page.goto("/")
    page.wait_for_selector("#arena[data-state=empty]")
    page.locator("#draw").click()
    expect(page.get_by_role("alert")).to_contain_text("No prompt in your languages has this topic")
    assert site.app.store.comparisons.page(ComparisonStatus.open, None, 5).items == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_topic_has_an_arrow(page: Page, scheme: str) -> None:
    page.goto(f"/?__theme={scheme}")
    page.wait_for_selector("#arena:not([data-state=loading])")
    style = page.locator("#topic").evaluate("(box) => getComputedStyle(box).backgroundImage")
    assert style.count("linear-gradient") == 2


def test_other_languages_bring_another_pair_at_once(page: Page, site: Site) -> None:
    english = stored(site, "hiya", "Hello.", "Good day.")
    page.goto(f"/?c={english.id}")
    page.wait_for_selector(READY)
    site.app.services.arena.interests = lambda: Interests(("de",))
    page.evaluate("window.dispatchEvent(new Event('codelynn:interests'))")
    page.wait_for_function("(id) => new URLSearchParams(location.search).get('c') !== id", arg=english.id)
    page.wait_for_selector(READY)
    assert "german" in shown(page, site).tags
