"""The arena as a person uses it day after day: keyboard alone, a phone, a bad connection, hostile replies."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message
from tests.browser.arena.test_arena_page import open_id, shown
from tests.browser.shots import take
from tests.browser.site import Site
from tests.waiting import until

OPEN = "#arena[data-state=open]"
HELD = "#arena[data-state=open]:not([data-ahead='0'])"
HOSTILE = (
    "<script>window.hit = 1</script><img src='http://evil.example/x.png' onerror='window.hit = 1'>",
    "![x](http://evil.example/y.png) [click](javascript:window.hit=1) <iframe src=http://evil.example></iframe>",
)


def stored(site: Site, prompt: str, *texts: str) -> Comparison:
    """A comparison that is ready, as if it had been prepared ahead."""
    candidates = tuple(Candidate(f"c{i}", i, "base", text, finish="stop") for i, text in enumerate(texts, 1))
    made = Comparison((Message("user", prompt),), candidates, status=ComparisonStatus.open, tags=("talk",))
    site.app.store.comparisons.add(made)
    return made


@pytest.fixture
def three(intercepted: Page, site: Site) -> list[str]:
    """A page with three comparisons ready, the first one shown; their ids in turn."""
    for waiting in site.app.store.comparisons.waiting("arena", 50):
        site.app.store.comparisons.skip(waiting.id)
    made = [stored(site, f"Question {i}?", f"Left {i}", f"Right {i}").id for i in range(3)]
    intercepted.goto(f"/?c={made[0]}")
    intercepted.wait_for_selector("#arena[data-state=open]:not([data-ahead='0']):not([data-ahead='1'])")
    return made


def verdicts(site: Site, ids: list[str]) -> list[tuple[tuple[str, ...], ...] | None]:
    found = (site.app.store.comparisons.get(name).ranking for name in ids)
    return [ranking and ranking.groups for ranking in found]


def test_with_keys_alone_each_verdict_shows_the_next_pair_at_once_and_goes_to_its_own(
    page: Page, site: Site, three: list[str]
) -> None:
    for key, text in (("1", "Question 1?"), ("2", "Question 2?")):
        page.keyboard.press(key)
        assert text in page.locator("#asked").inner_text()
    page.keyboard.press("t")
    until(lambda: all(verdicts(site, three)))
    assert verdicts(site, three) == [(("c1",), ("c2",)), (("c2",), ("c1",)), (("c1", "c2"),)]
    expect(page.locator("#decided")).to_contain_text("A tie. Both replies are from the base model.")


def test_undo_goes_back_step_by_step_and_forward_again(page: Page, site: Site, three: list[str]) -> None:
    page.keyboard.press("x")
    page.keyboard.press("s")
    page.keyboard.press("u")
    assert open_id(page) == three[1]
    page.keyboard.press("u")
    assert open_id(page) == three[0]
    until(lambda: verdicts(site, three[:2]) == [None, None])
    page.keyboard.press("2")
    assert open_id(page) == three[1]
    until(lambda: verdicts(site, three)[0] == (("c2",), ("c1",)))


def test_a_late_answer_to_a_verdict_that_was_taken_back_changes_nothing(
    page: Page, site: Site, three: list[str]
) -> None:
    held: list[Route] = []
    page.route("**/ranking", lambda route: held.append(route))
    with page.expect_request("**/ranking"):
        page.keyboard.press("x")
    page.keyboard.press("u")
    assert open_id(page) == three[0]
    page.wait_for_function("() => true")  # lets the held request be handed over
    held[0].continue_()
    page.unroute("**/ranking")
    until(lambda: verdicts(site, three[:1]) == [None])
    expect(page.locator("#decided")).to_have_text("Taken back: decide again.")
    page.keyboard.press("2")
    assert open_id(page) == three[1]
    until(lambda: verdicts(site, three)[0] == (("c2",), ("c1",)))


def test_keys_rest_in_a_field_and_escape_leaves_it(page: Page, site: Site, three: list[str]) -> None:
    page.keyboard.press("e")
    page.keyboard.type("1 tbsurx? Better said.")
    expect(page.locator("#edit")).to_have_value("1 tbsurx? Better said.")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    until(lambda: bool(verdicts(site, three)[0]))
    ranking = site.app.store.comparisons.get(three[0]).ranking
    assert ranking is not None
    assert ranking.edit == "1 tbsurx? Better said."
    expect(page.locator("#edit")).to_have_value("")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_have_attribute("open", "")


def test_a_verdict_given_while_the_service_is_away_is_kept_and_sent_later(
    page: Page, site: Site, three: list[str]
) -> None:
    page.route("**/arena/**", lambda route: route.abort())
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("codeLynn does not answer")
    assert open_id(page) == three[1]
    assert verdicts(site, three)[0] is None
    page.unroute("**/arena/**")
    until(lambda: verdicts(site, three)[0] == (("c1",), ("c2",)))
    expect(page.locator("#line")).to_be_empty()


def test_a_refused_verdict_brings_its_pair_back(page: Page, three: list[str]) -> None:
    refusal = '{"detail": "this comparison has no such candidate"}'
    page.route("**/ranking", lambda route: route.fulfill(status=422, body=refusal))
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("not kept: this comparison has no such candidate")
    assert open_id(page) == three[0]
    page.unroute("**/ranking")


def test_fresh_replies_come_to_the_same_prompt(page: Page, site: Site, three: list[str]) -> None:
    page.keyboard.press("r")
    until(lambda: open_id(page) not in three)
    page.wait_for_selector(OPEN)
    assert shown(page, site).messages[-1].content == "Question 0?"
    assert site.app.store.comparisons.get(three[0]).status == ComparisonStatus.skipped


def test_a_conversation_goes_on_with_the_reply_that_won(page: Page, site: Site, three: list[str]) -> None:
    page.keyboard.press("2")
    page.get_by_role("button", name="Continue with B").click()
    page.keyboard.type("And then?")
    page.keyboard.press("Enter")
    expect(page.locator("#asked")).to_contain_text("And then?")
    said = [message.content for message in shown(page, site).messages if message.role != "system"]
    assert said == ["Question 0?", "Right 0", "And then?"]


def test_three_replies_are_ranked_by_dragging_and_by_arrow_keys(page: Page, site: Site) -> None:
    made = stored(site, "Which?", "One", "Two", "Three")
    page.goto(f"/?c={made.id}")
    page.wait_for_selector(OPEN)
    grip, first = page.locator("#card-c .grip"), page.locator("#card-a")
    grip.hover()
    page.mouse.down()
    box = first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20, steps=4)
    page.mouse.up()
    page.locator("#card-a .grip").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.locator("#submit-ranking").click()
    until(lambda: bool(verdicts(site, [made.id])[0]))
    assert verdicts(site, [made.id]) == [(("c3",), ("c2",), ("c1",))]


def test_a_reply_runs_no_script_and_loads_nothing(page: Page, site: Site) -> None:
    made = stored(site, "Hostile <b>prompt</b>?", *HOSTILE)
    page.goto(f"/?c={made.id}")
    page.wait_for_selector(OPEN)
    expect(page.locator("#card-a .reply")).to_contain_text("<script>")
    assert page.locator("#cards :is(img, script, iframe, [onerror], a[href^='javascript'])").count() == 0
    assert page.locator("#asked b").count() == 0
    assert page.evaluate("window.hit") is None


@pytest.mark.usefixtures("intercepted")
def test_an_engine_that_is_away_is_told_with_a_way_on(page: Page, site: Site) -> None:
    failed = replace(stored(site, "Too much?", "", ""), status=ComparisonStatus.failed)
    site.app.store.comparisons.skip(failed.id)
    page.goto("/")
    page.wait_for_selector("#arena:not([data-state=loading])")
    away = {"id": "x", "state": "failed", "ids": ["c1", "c2"], "prompt": "Too much?", "drawn": False}
    away |= {
        "asked": "Too much?",
        "cards": "",
        "replies": [],
        "problem": "the engine is away",
        "ranking": None,
    }
    page.route("**/arena/open", lambda route: route.fulfill(json=away))
    page.locator("#prompt").fill("Too much?")
    page.locator("#compare").click()
    expect(page.locator("#cards")).to_contain_text("The engine is away.")
    expect(page.locator("#again")).to_be_visible()
    page.unroute("**/arena/open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_everything_fits_and_can_be_reached_by_thumb(
    page: Page, three: list[str], scheme: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/?c={three[0]}&__theme={scheme}")
    page.wait_for_selector(HELD)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.evaluate(
        "[...document.querySelectorAll('#verdicts button')].filter((b) => b.offsetParent).map((b) => b.offsetHeight)"
    )
    assert len(sizes) >= 6
    assert min(sizes) >= 44
    expect(page.locator("#better-1")).to_be_in_viewport()
    unnamed = "[...document.querySelectorAll('#arena :is(button, input, select, textarea)')].filter((e) => e.offsetParent && !(e.ariaLabel || e.innerText || e.labels?.length)).map((e) => e.id)"
    assert page.evaluate(unnamed) == []
    take(page, tmp_path / f"{scheme}.png")
