"""The owner's rankings on the Data page, as their owner sees them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.services.arena.repeats import swapped
from tests.browser.shots import take
from tests.browser.site import Site

"""A folder for screenshots, to look at."""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
A_FIRST, B_FIRST, TIE = (("c1",), ("c2",)), (("c2",), ("c1",)), (("c1", "c2"),)
ASKED = (
    ("How do I ask for a day off?", "Dear Sir, I hereby request", "Just say: can I have Friday?", "work"),
    ("Напиши про чай", "Чай — это напиток.", "Tea? Always. ☕", "tea"),
    ("What should I cook tonight?", "<img src=x onerror=alert(1)> Soup", "Pasta, obviously.", "food"),
    (
        "Explain rain to a child",
        "Precipitation is a phase change.",
        "Clouds get heavy and let go.",
        "science",
    ),
    ("Say sorry for being late", "Regrettably, I was delayed.", "Sorry, I lost track of time!", "work"),
)


def compared(i: int, prompt: str, first: str, second: str, tag: str) -> Comparison:
    candidates = (
        Candidate("c1", 1, "base", first, finish="stop"),
        Candidate("c2", 2, "dpo-3", second, finish="stop"),
    )
    messages = (
        Message("system", "You are Lynn."), Message("user", "Hello!"), Message("assistant", "Hello, **you**!"),
        Message("user", prompt),
    )  # fmt: skip
    created = NOON + timedelta(minutes=i)
    return Comparison(
        messages, candidates, status=ComparisonStatus.open, tags=(tag,), created_at=created, persona="lynn"
    )


@pytest.fixture
def ids(site: Site) -> list[str]:
    """Five pairs ranked B first, and the first of them, which came back, A first; nothing else."""
    store = site.app.store
    store.curation.delete([name for ids in store.comparisons.written_ids() for name in ids], ())
    made = [compared(i, *asked) for i, asked in enumerate(ASKED)]
    for i, comparison in enumerate(made):
        store.comparisons.add(comparison)
        store.guesses.put(Guess(comparison.id, (0.27, 0.73), 12))
        at = NOON + timedelta(minutes=i)
        store.comparisons.rank(comparison.id, Ranking(B_FIRST, seconds=4.2, created_at=at), ())
    again = replace(swapped(made[0]), created_at=NOON - timedelta(minutes=1))
    store.comparisons.add(again)
    store.comparisons.rank(again.id, Ranking(B_FIRST, note="too stiff", created_at=NOON), ())
    return [comparison.id for comparison in made]


def rows(page: Page) -> Locator:
    return page.locator("#found-list > li[data-id]")


def visit(page: Page, address: str = "/data") -> None:
    page.goto(address)
    page.wait_for_selector("#rankings[data-state=open]")


def look(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Words").fill(words)
    page.keyboard.press("Enter")


def test_a_person_finds_looks_at_corrects_takes_out_and_deletes(
    page: Page, site: Site, ids: list[str]
) -> None:
    store = site.app.store
    visit(page)
    expect(rows(page)).to_have_count(6)
    expect(page.locator("#consistency")).to_contain_text("You chose the same reply 0 of 1 times")
    look(page, "НАПИТОК")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#found")).to_have_text("1 ranking found")
    expect(rows(page).locator("mark")).to_have_text("напиток")
    look(page, "sorry")
    expect(rows(page)).to_contain_text(["Say sorry for being late"])
    page.keyboard.press("Tab")
    rows(page).locator("summary").first.focus()
    page.keyboard.press("Enter")
    one = rows(page).locator(".one")
    expect(one.locator(".card.won")).to_contain_text("Sorry, I lost track of time!")
    expect(one).to_contain_text("dpo-3")
    expect(one).to_contain_text("I guessed you would choose B (73 %).")
    expect(one.locator("strong", has_text="you")).to_be_visible()
    one.get_by_text("Edit").click()
    one.get_by_label("Place of A").select_option("1")
    one.get_by_label("warmer").check()
    one.get_by_label("Note").fill("I mean it")
    one.get_by_label("Tags").fill("work, apologies")
    one.get_by_role("button", name="Save").click()
    expect(page.locator("#rankings-line")).to_contain_text("Saved.")
    expect(rows(page).locator(".said")).to_have_text("tie")
    changed = store.comparisons.get(ids[4])
    assert changed.tags == ("work", "apologies")
    assert changed.ranking is not None
    said = (changed.ranking.groups, changed.ranking.aspects, changed.ranking.note, changed.ranking.seconds)
    assert said == (TIE, ("warmer",), "I mean it", 4.2)
    one.get_by_role("button", name="Exclude").click()
    expect(page.locator("#rankings-line")).to_contain_text("1 vote excluded")
    assert store.comparisons.get(ids[4]).ranking is None
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#rankings-line")).to_contain_text("1 vote included again")
    assert store.comparisons.get(ids[4]).ranking == changed.ranking
    one.get_by_role("button", name="Delete permanently").click()
    expect(page.locator("#sure")).to_contain_text("Snapshots")
    page.keyboard.press("Enter")
    expect(page.locator("#sure")).to_be_hidden()
    one.get_by_role("button", name="Delete permanently").click()
    page.locator("#sure-yes").click()
    expect(page.locator("#rankings-line")).to_contain_text("1 comparison deleted permanently")
    expect(page.locator("#found-list")).to_contain_text("Nothing found")
    assert store.comparisons.stored([ids[4]]) == set()


def test_many_are_chosen_and_filters_hold(page: Page, site: Site, ids: list[str]) -> None:
    store = site.app.store
    visit(page)
    page.get_by_role("button", name="Show the 1 pair where I changed my mind").click()
    expect(rows(page)).to_have_count(2)
    look(page, "too STIFF")
    expect(rows(page)).to_have_count(1)
    rows(page).locator("summary").click()
    expect(rows(page)).to_contain_text("You have judged this pair before: the other way round.")
    rows(page).get_by_role("link", name="Show the other vote").click()
    page.wait_for_selector("#rankings[data-state=open]")
    expect(rows(page)).to_have_attribute("data-id", ids[0])
    page.get_by_role("button", name="Show all").click()
    expect(rows(page)).to_have_count(6)
    page.get_by_label("Tag", exact=True).select_option("work")
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Select all shown").check()
    expect(page.locator("#picked")).to_have_text("3 selected")
    page.locator("#many-out").click()
    expect(page.locator("#rankings-line")).to_contain_text("3 votes excluded")
    assert store.comparisons.counts()["ranked"] == 3
    page.locator("#undo-out").click()
    expect(page.locator("#rankings-line")).to_contain_text("3 votes included again")
    assert store.comparisons.counts()["ranked"] == 6
    rows(page).filter(has_text="a day off").first.get_by_role("checkbox", name="Select").check()
    page.locator("#many-delete").click()
    expect(page.locator("#sure")).to_contain_text("1 more is the same pair, ranked at another time")
    page.locator("#sure-yes").click()
    expect(page.locator("#rankings-line")).to_contain_text("2 comparisons deleted permanently")
    expect(page.locator("#counts")).to_contain_text("Rankings4")
    expect(rows(page)).to_have_count(1)
    store.comparisons.add_all([compared(i, "More of it", "Yes.", "No.", "many") for i in range(25)])
    look(page, "more of IT")
    page.get_by_label("Tag", exact=True).select_option("")
    expect(rows(page)).to_have_count(20)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(25)
    look(page, "more of it")
    page.get_by_role("button", name="Select all found").click()
    expect(page.locator("#picked")).to_have_text("25 selected")
    page.locator("#many-out").click()
    expect(page.locator("#rankings-line")).to_contain_text("None of these has a vote to exclude.")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 390)])
def test_it_fits_a_phone_in_dark_and_runs_nothing_of_a_reply(
    page: Page, ids: list[str], scheme: str, width: int, pictures: Path
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1150 if width > 400 else 844})
    visit(page, f"/data?__theme={scheme}")
    row = rows(page).filter(has_text="What should I cook")
    row.locator("summary").click()
    expect(row.locator(".one")).to_contain_text("<img src=x onerror=alert(1)> Soup")
    assert row.locator("img").count() == 0
    row.get_by_text("Edit").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    row.locator("summary").first.click()
    row = rows(page).filter(has_text="Explain rain")
    row.locator("summary").click()
    expect(row.locator(".card.won")).to_contain_text("Clouds get heavy")
    (page.locator("#rankings-panel") if width > 400 else row).evaluate("(one) => one.scrollIntoView()")
    take(
        page, pictures / ("data-rankings.png" if scheme == "light" else "data-rankings-phone.png"), full=False
    )


def test_all_that_a_search_finds_are_changed_in_steps_however_many_they_are(
    page: Page, site: Site, ids: list[str]
) -> None:
    many = [
        replace(compared(0, f"tea number {i}", "one", "two", "tea"), created_at=NOON) for i in range(1201)
    ]
    site.app.store.comparisons.add_all([replace(one, ranking=Ranking(A_FIRST)) for one in many])
    while site.app.store.search_index.step():
        pass
    visit(page)
    look(page, "tea number")
    expect(page.locator("#found")).to_have_text("1,201 rankings found")
    page.get_by_role("button", name="Select all found").click()
    expect(page.locator("#picked")).to_have_text("All 1,201 selected")
    page.get_by_role("button", name="Exclude", exact=True).click()
    expect(page.locator("#rankings-line")).to_contain_text("1,201 excluded.", timeout=60_000)
    page.get_by_role("button", name="Select all found").click()
    page.locator("#many-delete").click()
    expect(page.locator("#sure-words")).to_contain_text("1,201 comparisons")
    page.locator("#sure-yes").click()
    expect(page.locator("#rankings-line")).to_contain_text("1,201 deleted permanently.", timeout=60_000)
    expect(page.locator("#found")).to_have_text("0 rankings found")
