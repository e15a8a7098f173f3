"""Votes in the arena: letters, hints, a bar in sight, long and cut replies, places, undo, and the turns before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.round import Checkpoint
from tests.browser.shots import take
from tests.browser.site import Site
from tests.browser.test_arena_page import open_id
from tests.waiting import until

OPEN = "#arena[data-state=open]"
LONG = " ".join(f"Sentence {i} tells a little more about the weather." for i in range(900))
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
B_WON = Ranking((("c2",), ("c1",)))


def stored(
    site: Site,
    prompt: str,
    *texts: str,
    models: tuple[str, ...] = (),
    before: tuple[Message, ...] = (),
    **changes: object,
) -> Comparison:
    """A comparison that waits for its vote; `changes` are the candidates'."""
    candidates = tuple(
        replace(Candidate(f"c{i}", i, model, text, finish="stop"), **changes)  # type: ignore[arg-type]
        for i, (text, model) in enumerate(zip(texts, models or ("base",) * len(texts), strict=True), start=1)
    )
    messages = (*before, Message("user", prompt))
    made = Comparison(messages, candidates, status=ComparisonStatus.open, tags=("talk",))
    site.app.store.comparisons.add(made)
    return made


def show(page: Page, comparison: Comparison, width: int = 1280) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/?c={comparison.id}")
    page.wait_for_selector(OPEN)


def groups(site: Site, comparison: Comparison) -> tuple[tuple[str, ...], ...] | None:
    ranking = site.app.store.comparisons.get(comparison.id).ranking
    return ranking and ranking.groups


def manual(page: Page) -> None:
    """The page stays at a pair after its vote."""
    page.locator("#auto").get_by_role("checkbox").uncheck()
    page.locator("h1").click()


@pytest.mark.parametrize(
    ("key", "ranking"),
    [
        ("a", (("c1",), ("c2",))),
        ("b", (("c2",), ("c1",))),
        ("B", (("c2",), ("c1",))),
        ("1", (("c1",), ("c2",))),
    ],
)
def test_letters_and_digits_choose(
    page: Page, site: Site, key: str, ranking: tuple[tuple[str, ...], ...]
) -> None:
    made = stored(site, f"Which one, {key}?", "Left", "Right")
    show(page, made)
    page.keyboard.press(key)
    until(lambda: groups(site, made) == ranking)


def test_all_bad_has_a_key_of_its_own(page: Page, site: Site) -> None:
    made = stored(site, "Both?", "Left", "Right")
    show(page, made)
    page.keyboard.press("x")
    until(lambda: bool(groups(site, made)))
    ranking = site.app.store.comparisons.get(made.id).ranking
    assert ranking is not None
    assert ranking.all_bad


def test_each_button_says_its_key_and_does_what_it_says(page: Page, site: Site) -> None:
    show(page, stored(site, "Hints?", "Left", "Right"))
    hints = {
        button.get_attribute("id"): button.locator("kbd").inner_text()
        for button in page.locator("#verdicts button:visible").all()
    }
    assert hints == {
        "better-1": "A",
        "tie": "T",
        "better-2": "B",
        "all-bad": "X",
        "skip": "S",
        "undo": "U",
        "rewrite": "E",
        "again": "R",
    }
    expect(page.get_by_role("button", name="A is better", exact=True)).to_be_visible()


def test_shortcuts_and_their_hints_are_off_while_typing(page: Page, site: Site) -> None:
    made = stored(site, "Typing?", "Left", "Right")
    show(page, made)
    page.locator("#prompt").click()
    page.keyboard.type("abxts")
    assert open_id(page) == made.id
    assert groups(site, made) is None
    expect(page.locator("#better-1 kbd")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#better-1 kbd")).to_be_visible()
    page.keyboard.press("a")
    until(lambda: bool(groups(site, made)))


@WIDTHS
@pytest.mark.parametrize("n", [2, 3, 4])
def test_with_long_texts_the_buttons_stay_in_sight_and_the_page_keeps_its_shape(
    page: Page, site: Site, width: int, n: int, tmp_path: Path
) -> None:
    show(page, stored(site, f"{LONG} {n} {width}", *(f"{i} {LONG}" for i in range(n))), width)
    last = page.locator("#better-2" if n == 2 else "#submit-ranking")
    expect(last).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight") < 800 * (
        2.0 + (0.8 * n if width == 390 else 0)
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.mouse.wheel(0, 400)
    expect(last).to_be_in_viewport()
    take(page, tmp_path / f"arena-long-{n}-{width}.png", full=False)


def test_a_long_reply_can_be_scrolled_by_keyboard_and_shown_whole(page: Page, site: Site) -> None:
    show(page, stored(site, "At length?", LONG, "Short."))
    box = page.locator("#card-a .reply")
    box.focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('#card-a .reply').scrollTop > 0")
    whole = page.locator("#card-a").get_by_role("button", name="Show all of the reply A")
    whole.click()
    assert box.evaluate("(box) => box.scrollHeight - box.clientHeight") <= 1
    page.locator("#card-a .show-all").click()
    assert box.evaluate("(box) => box.scrollHeight - box.clientHeight") > 100
    expect(page.locator("#card-b .show-all")).to_have_count(0)


def test_a_reply_that_met_its_limit_is_marked(page: Page, site: Site) -> None:
    show(page, stored(site, "Cut?", "It was a dark and", "Short.", finish="length"))
    expect(page.locator("#card-a .cut")).to_have_text("Cut off at 128 tokens")


def where(page: Page) -> list[dict[str, float] | None]:
    return [page.locator(f"#card-{letter}").bounding_box() for letter in "abcd"]  # type: ignore[misc]


def given(page: Page) -> list[str]:
    return [page.locator(f"#card-{letter} .given").inner_text() for letter in "abcd"]


def drag(page: Page, grip: Locator, onto: Locator) -> None:
    grip.hover()
    page.mouse.down()
    box = onto.bounding_box()
    assert box is not None
    for step in (20, 30, 40, 50):  # back and forth over the same reply
        page.mouse.move(box["x"] + step, box["y"] + 20, steps=2)
    page.mouse.up()


def test_four_replies_are_ranked_without_a_card_moving(page: Page, site: Site) -> None:
    made = stored(site, "Rank four?", "One", "Two", "Three", "Four")
    show(page, made)
    before = where(page)
    page.locator("#submit-ranking").click()
    expect(page.get_by_role("alert")).to_contain_text("at least one reply a place")
    page.keyboard.press("c")
    expect(page.locator("#line")).to_be_empty()
    page.keyboard.press("a")
    assert given(page) == ["2nd", "", "1st", ""]
    expect(page.locator("#places-told")).to_contain_text("so far: C > A")
    assert where(page) == before
    page.keyboard.press("a")  # its place is given back
    assert given(page) == ["", "", "1st", ""]
    page.locator("#place-back").click()
    assert given(page) == ["2nd", "", "1st", ""]
    drag(page, page.locator("#card-d .grip"), page.locator("#card-c"))
    assert given(page) == ["3rd", "4th", "2nd", "1st"]
    assert where(page) == before
    page.keyboard.press("Backspace")
    assert given(page) == ["2nd", "", "1st", ""]
    page.keyboard.press("Enter")
    until(lambda: groups(site, made) == (("c3",), ("c1",), ("c2", "c4")))


def test_equal_places_are_a_tie_by_key_and_by_number(page: Page, site: Site) -> None:
    made = stored(site, "Ties?", "One", "Two", "Three", "Four")
    show(page, made)
    for key in ("b", "=", "d", "a"):
        page.keyboard.press(key)
    assert given(page) == ["2nd", "1st (tie)", "4th", "1st (tie)"]
    expect(page.locator("#places-told")).to_contain_text("Your ranking: B = D > A > C.")
    page.locator("#place-c").get_by_label("2", exact=True).check()
    page.keyboard.press("Enter")
    until(lambda: groups(site, made) == (("c2", "c4"), ("c1", "c3")))


def test_a_place_is_given_by_clicking_a_letter(page: Page, site: Site) -> None:
    made = stored(site, "Clicks?", "One", "Two", "Three")
    show(page, made)
    page.locator("#card-b .grip").click()
    page.locator("#card-c .grip").click()
    page.locator("#submit-ranking").click()
    until(lambda: groups(site, made) == (("c2",), ("c3",), ("c1",)))


def test_the_counter_follows_the_vote_and_its_undo(page: Page, site: Site) -> None:
    made = stored(site, "Counted?", "Left", "Right")
    show(page, made)
    ranked = site.app.store.comparisons.counts()["ranked"]
    count = page.locator("#progress")
    expect(count).to_contain_text(f"{ranked} vote")
    page.keyboard.press("a")
    expect(count).to_contain_text(f"{ranked + 1} vote")
    page.keyboard.press("u")
    expect(count).to_contain_text(f"{ranked} vote")
    page.keyboard.press("s")
    page.reload()
    expect(count).to_contain_text(f"{ranked} vote")


def test_versions_are_named_so_that_one_can_say_them(page: Page, site: Site) -> None:
    evidence = {"gate": {"evidence": {"length_ratio": 0.6}}}
    yesterday = datetime.now(UTC) - timedelta(days=1)
    site.app.store.checkpoints.add(
        Checkpoint("dpo-7", "nowhere", passed=True, manifest=evidence, created_at=yesterday)
    )
    made = stored(site, "Who?", "Left", "Right", models=("dpo-7", "base"))
    show(page, made)
    manual(page)
    page.keyboard.press("b")
    expect(page.locator("#decided")).to_contain_text(
        "You ranked B > A. A was version 1, yesterday, shorter; B was the base model."
    )
    expect(page.locator("#card-a .model")).to_have_text("version 1, yesterday, shorter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_long_texts_places_or_an_own_version(
    page: Page, site: Site, scheme: str
) -> None:
    first = stored(site, f"First, {scheme}?", "Fine.", "It rained.", models=("base", "base"))
    site.app.store.comparisons.rank(first.id, B_WON, [])
    before = (*first.messages, Message("assistant", "It rained."))
    made = stored(site, LONG, LONG, "Short.", LONG, before=before, finish="length")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"/?c={made.id}&__theme={scheme}")
    page.wait_for_selector(OPEN)
    page.keyboard.press("c")
    page.keyboard.press("e")
    page.keyboard.type("My own words")
    expect(page.locator("#asked .wrote")).to_have_count(1)
    found = [
        (violation["id"], ".".join(node["target"]), node["html"][:120])
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    assert found == []


def test_enter_submits_the_ranking_after_a_mouse_pressed_another_button(page: Page, site: Site) -> None:
    page.goto("/")
    page.locator("#number").get_by_text("3", exact=True).click()
    page.locator("#prompt").fill("What should I cook tonight?")
    page.locator("#compare").click()
    page.wait_for_selector("#arena[data-state=open] .card:nth-child(3)")
    expect(page.locator("#asked")).to_contain_text("What should I cook tonight?")
    page.keyboard.press("b")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    expect(page.locator("#decided")).to_contain_text("You ranked B > C > A.")
    expect(page.locator("#line")).to_be_empty()
