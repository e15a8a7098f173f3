"""The arena as its user sees it."""

import pytest
from playwright.sync_api import Page, Route, expect

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from tests.browser.shots import take
from tests.browser.site import Site
from tests.waiting import until

READY = "#verdicts:has(#better-1:not([disabled])):has(#better-2:not([disabled]))"
READY_MANY = "#submit-ranking:not([disabled])"


def open_id(page: Page) -> str:
    """The id in the page's address, once there is one."""
    page.wait_for_function("new URLSearchParams(location.search).has('c')")
    found: str = page.evaluate("new URLSearchParams(location.search).get('c')")
    return found


def shown(page: Page, site: Site) -> Comparison:
    """The comparison that the page's address names."""
    return site.app.store.comparisons.get(open_id(page))


def ask(page: Page, text: str, n: int = 2) -> None:
    """Type a prompt: nothing is drawn ahead then."""
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    page.locator("#auto").get_by_role("checkbox").uncheck()
    page.locator("#number").get_by_label(str(n), exact=True).check()
    page.locator("#prompt").fill(text)
    page.locator("#compare").click()
    expect(page.locator("#asked")).to_contain_text(text)
    page.wait_for_selector(READY if n == 2 else READY_MANY)


def test_one_click_ranks_two_candidates_and_reveals_the_models(page: Page, site: Site) -> None:
    ask(page, "Hello, how are you?")
    assert page.locator(".model").count() == 0
    page.locator("#better-2").click()
    expect(page.locator("#decided")).to_contain_text(
        "You ranked B > A. Both replies are from the base model."
    )
    expect(page.locator(".model")).to_have_count(2)
    assert [page.locator(f"#card-{letter}").is_visible() for letter in "abcd"] == [True, True, False, False]
    assert not page.locator("#place-a").is_visible()
    comparison = shown(page, site)
    assert comparison.ranking is not None
    assert comparison.ranking.groups == (("c2",), ("c1",))
    assert comparison.ranking.seconds is not None


def test_four_candidates_are_ranked_by_places_that_may_be_equal(page: Page, site: Site) -> None:
    ask(page, "Tell me a joke.", 4)
    for letter, place in zip("abcd", (2, 1, 2, 3), strict=True):
        page.locator(f"#place-{letter}").get_by_label(str(place), exact=True).check()
    page.locator("#submit-ranking").click()
    page.wait_for_selector("#next")
    ranking = shown(page, site).ranking
    assert ranking is not None
    assert ranking.groups == (("c2",), ("c1", "c3"), ("c4",))


def test_submitting_no_places_is_one_friendly_line(page: Page, site: Site) -> None:
    ask(page, "Write a short greeting.", 3)
    page.locator("#submit-ranking").click()
    expect(page.get_by_role("alert")).to_contain_text("at least one reply a place")
    assert shown(page, site).status == ComparisonStatus.open


@pytest.mark.parametrize(("button", "all_bad"), [("#tie", False), ("#all-bad", True)])
def test_a_tie_and_all_bad_are_kept(page: Page, site: Site, button: str, all_bad: bool) -> None:
    ask(page, f"What is the capital of France? {button}")
    page.locator(button).click()
    page.wait_for_selector("#next")
    ranking = shown(page, site).ranking
    assert ranking is not None
    assert (ranking.groups, ranking.all_bad) == ((("c1", "c2"),), all_bad)


def test_an_empty_prompt_is_one_friendly_line(page: Page) -> None:
    page.goto("/")
    page.locator("#compare").click()
    expect(page.get_by_role("alert")).to_contain_text("The prompt is empty")


def test_its_buttons_are_off_until_the_page_listens(intercepted: Page) -> None:
    page, held = intercepted, list[Route]()
    page.route("**/arena/static/arena.js", lambda route: held.append(route))
    page.goto("/", wait_until="commit")
    expect(page.locator("#compare")).to_be_disabled()
    expect(page.locator("#draw")).to_be_disabled()
    held[0].continue_()
    page.locator("#compare").click()
    expect(page.get_by_role("alert")).to_contain_text("The prompt is empty")


def test_a_pair_that_is_complete_meanwhile_does_not_take_the_place_of_what_was_asked_for(
    intercepted: Page, site: Site
) -> None:
    page, held, asked = intercepted, list[Route](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    skip_all(site)
    page.goto("/")
    with site.engine.held():
        page.locator("#draw").click()
        first = open_id(page)
        page.route("**/arena/open", lambda route: held.append(route))
        page.locator("#prompt").fill("Hello again.")
        with page.expect_request("**/arena/open"):
            page.locator("#compare").click()
        asked.clear()
    until(lambda: site.app.store.comparisons.get(first).status == ComparisonStatus.open)
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#arena")).to_have_attribute("data-state", "loading")
    assert [url for url in asked if url.endswith(f"/c/{first}")] == []
    held[0].continue_()
    expect(page.locator("#asked")).to_contain_text("Hello again.")
    page.wait_for_selector(READY)
    assert site.app.store.comparisons.get(first).ranking is None


def skip_all(site: Site) -> None:
    for comparison in site.app.store.comparisons.page(ComparisonStatus.open, None, 50).items:
        site.app.services.arena.skip(comparison.id)


def test_a_drawn_prompt_is_answered_and_the_next_one_ahead_of_the_verdict(page: Page, site: Site) -> None:
    skip_all(site)  # what other tests left would be ahead already
    page.goto("/")
    page.locator("#draw").click()
    until(lambda: bool(shown(page, site).tags))
    page.wait_for_selector(READY)
    current = shown(page, site).id
    until(lambda: (ahead := site.app.services.arena.unfinished()) is not None and ahead.id != current)
    skip_all(site)


def test_skip_can_be_undone(page: Page, site: Site) -> None:
    ask(page, "I am sad.")
    comparison = shown(page, site)
    page.locator("#skip").click()
    expect(page.locator("#decided")).to_contain_text("Skipped.")
    until(lambda: site.app.store.comparisons.get(comparison.id).status == ComparisonStatus.skipped)
    page.locator("#undo").click()
    expect(page.locator("#decided")).to_contain_text("Taken back")
    page.wait_for_selector(READY)
    until(lambda: site.app.store.comparisons.get(comparison.id).status == ComparisonStatus.open)


def test_undo_takes_a_verdict_back_even_after_a_refresh(page: Page, site: Site) -> None:
    ask(page, "Wie geht es dir?")
    page.locator("#better-1").click()
    page.wait_for_selector("#next")
    page.reload()
    page.locator("#undo").click()
    page.wait_for_selector(READY)
    assert shown(page, site).ranking is None


def test_a_refresh_while_replies_are_written_loses_nothing(page: Page, site: Site) -> None:
    page.goto("/")
    with site.engine.held():
        page.locator("#prompt").fill("What should I cook tonight?")
        page.locator("#compare").click()
        expect(page.locator("#asked")).to_contain_text("What should I cook tonight?")
        page.wait_for_selector("#better-1[disabled]")
        until(lambda: shown(page, site).messages[-1].content == "What should I cook tonight?")
        before = shown(page, site)
        assert before.status == ComparisonStatus.generating
        page.reload()
        page.wait_for_selector("#better-1[disabled]")
    page.wait_for_selector(READY)
    after = shown(page, site)
    assert (after.id, after.status) == (before.id, ComparisonStatus.open)


def test_a_new_visit_goes_on_where_no_verdict_was_given(page: Page, site: Site) -> None:
    for other in site.app.store.comparisons.waiting("arena", 50):
        site.app.store.comparisons.skip(other.id)
    ask(page, "What is two plus two?")
    waiting = shown(page, site).id
    page.goto("/")
    page.wait_for_selector(READY)
    assert shown(page, site).id == waiting


def test_keys_give_places_in_turn(page: Page, site: Site) -> None:
    ask(page, "Tell me another joke.", 4)
    page.locator("h1").click()
    for key in ("3", "1", "4"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_selector("#next")
    ranking = shown(page, site).ranking
    assert ranking is not None
    assert ranking.groups == (("c3",), ("c1",), ("c4",), ("c2",))


def test_a_double_click_is_one_ranking(page: Page, site: Site) -> None:
    ask(page, "Good morning!")
    before = site.app.store.comparisons.counts()["ranked"]
    page.evaluate("const b = document.getElementById('better-1'); b.click(); b.click();")
    page.wait_for_selector("#next")
    assert site.app.store.comparisons.counts()["ranked"] == before + 1


def test_aspects_note_and_rewrite_are_kept(page: Page, site: Site) -> None:
    ask(page, "How was your day?")
    page.locator("#details summary").click()
    page.get_by_label("warmer").check()
    page.locator("#rewrite").click()
    page.locator("#edit").fill("Lovely, thank you!")
    page.locator("#better-1").click()
    page.wait_for_selector("#next")
    ranking = shown(page, site).ranking
    assert ranking is not None
    assert (ranking.aspects, ranking.edit) == (("warmer",), "Lovely, thank you!")


def test_the_arena_fits_a_phone(page: Page, tmp_path_factory: pytest.TempPathFactory) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    ask(page, "Hello from a phone", 3)
    wide = page.evaluate("document.documentElement.scrollWidth")
    take(page, tmp_path_factory.mktemp("shots") / "arena-phone.png")
    assert wide <= 390
