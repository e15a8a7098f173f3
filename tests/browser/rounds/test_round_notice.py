"""A round that ends is told on whichever page is open, and replies before and after it are compared."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from feedback_app.domain.round import Checkpoint, Round, RoundEvent, RoundState
from tests.browser.shots import take
from tests.browser.site import Site, serving

PAIRS = [{"prompt": f"Question {i}", "chosen": f"Good {i}", "rejected": f"Bad {i}"} for i in range(30)]
CHECKS = [
    {"name": "changed", "passed": True, "words": "The model changed"},
    {"name": "heldout", "passed": True, "words": "5 of 5 held-out pairs agree (limit: at least 50%)"},
    {"name": "length", "passed": None, "words": "Reply length could not be measured (limit: 0.1 to 3)"},
]
PROMOTED = {"promote": True, "checks": CHECKS, "reasons": [], "evidence": {"scale": 1.19}}
PATHS = ("/", "/chat", "/rounds", "/leaderboard", "/reward", "/data")


@pytest.fixture
def site(tiny_model: Path, tmp_path: Path) -> Iterator[Site]:
    """A service of its own for each test: what has been told is remembered."""
    with serving(tmp_path / "home", tiny_model) as running:
        running.app.services.dataset.import_("trl", "\n".join(map(json.dumps, PAIRS)).encode())
        yield running


def begun(site: Site, **more: object) -> Round:
    made = Round(**more)  # type: ignore[arg-type]
    site.app.store.rounds.add(made)
    claimed = site.app.store.rounds.claim(made.id, "test")
    assert claimed is not None
    return claimed


def ended(site: Site, claimed: Round, state: RoundState, version: str = "", error: str = "") -> None:
    """The round's end; a `version` is a copy of the base, which answers."""
    if version:
        base = site.app.services.models.files("base")
        assert base.ct2_dir is not None
        folder = site.app.settings.root / "checkpoints" / version
        folder.mkdir(parents=True)
        (folder / "ct2").symlink_to(base.ct2_dir, target_is_directory=True)
        site.app.store.checkpoints.add(
            Checkpoint(version, str(folder), passed=state is RoundState.promoted, round_id=claimed.id)
        )
    site.app.store.rounds.finish(
        claimed.id,
        claimed.fence,
        state,
        checkpoint=version or None,
        decision=PROMOTED if version else None,
        error=error,
        promote=state is RoundState.promoted,
    )


@pytest.mark.parametrize("path", PATHS)
def test_every_page_tells_that_a_round_has_ended_and_leads_to_before_and_after(
    page: Page, site: Site, path: str, pictures: Path
) -> None:
    claimed = begun(site)
    with page.expect_response("**/round/news"):
        page.goto(path)
    expect(page.locator("#round-notice")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#round-notice p")).to_have_count(0)
    ended(site, claimed, RoundState.promoted, "dpo-1")
    notice = page.locator("#round-notice")
    expect(notice).to_contain_text("Round finished: version 1 passed the quality checks.")
    take(page, pictures / f"notice{path.replace('/', '-')}.png", full=False)
    notice.get_by_role("link", name="See before and after").click()
    page.wait_for_url(f"**/rounds?c={claimed.id}&before=1")
    expect(page.locator("#before-after")).to_contain_text("Before: the base model")
    expect(page.locator("#round-notice p")).to_have_count(0)


def test_a_notice_waits_for_the_next_visit_and_is_gone_once_it_is_dismissed(page: Page, site: Site) -> None:
    claimed = begun(site)
    with page.expect_response("**/round/news"):
        page.goto("/data")
    page.goto("about:blank")
    ended(site, claimed, RoundState.failed, error="memory ran out: lower micro_batch_size")
    page.goto("/leaderboard")
    expect(page.locator("#round-notice")).to_contain_text("memory ran out")
    page.get_by_role("button", name="Dismiss").click()
    with page.expect_response("**/round/news"):
        page.reload()
    page.wait_for_selector("h1")
    expect(page.locator("#round-notice p")).to_have_count(0)


def test_an_idle_page_asks_once_and_then_nothing_while_no_round_is_under_way(page: Page, site: Site) -> None:
    asked: list[str] = []

    def seen(request: Request) -> None:
        if request.url.endswith("/round/news"):
            asked.append(request.url)

    page.clock.install()
    page.on("request", seen)
    with page.expect_response("**/round/news"):
        page.goto("/leaderboard")
    page.wait_for_selector("h1")
    page.clock.run_for(10 * 60 * 1000)
    assert len(asked) == 1


def test_a_page_that_was_open_before_hears_of_a_round_that_another_page_starts(
    page: Page, site: Site, context_of: BrowserContext
) -> None:
    with page.expect_response("**/round/news"):
        page.goto("/leaderboard")
    other = context_of.new_page()
    other.goto(f"{site.url}/rounds")
    with page.expect_response("**/round/news"):
        other.locator("#queue-round").click()
    (queued,) = site.app.store.rounds.list(5)
    claimed = site.app.store.rounds.claim(queued.id, "test")
    assert claimed is not None
    ended(site, claimed, RoundState.failed, error="nothing was learned")
    expect(page.locator("#round-notice")).to_contain_text("Round failed.")


@pytest.fixture
def context_of(page: Page) -> BrowserContext:
    return page.context


@pytest.mark.parametrize("width", [390, 1280])
def test_replies_before_and_after_are_written_on_demand_and_stand_beside_each_other(
    page: Page, site: Site, width: int, pictures: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    ended(site, begun(site), RoundState.promoted, "dpo-1")
    page.goto("/rounds")
    expect(page.locator("#before-after")).to_contain_text("Read how the base model and version 1 answer")
    page.locator("#write-before-after").click()
    expect(page.locator("#before-after")).to_contain_text("No round trains on held-out prompts.")
    cards = page.locator("#before-after li")
    expect(cards).to_have_count(5)
    first = cards.first
    left, right = (
        first.locator("article").nth(0).bounding_box(),
        first.locator("article").nth(1).bounding_box(),
    )
    assert left is not None
    assert right is not None
    assert (left["y"] == right["y"]) == (width == 1280)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    take(page, pictures / f"before-after-{width}.png")


def test_writing_replies_can_be_cancelled_and_goes_on(page: Page, site: Site) -> None:
    ended(site, begun(site), RoundState.promoted, "dpo-1")
    page.goto("/rounds")
    with site.engine.held():
        page.locator("#write-before-after").click()
        expect(page.locator("#before-after")).to_contain_text("0 of 5 prompts done")
        page.locator("#stop-before-after").click()
    expect(page.locator("#before-after")).to_contain_text("Stopped:")
    expect(page.locator("#write-before-after")).to_have_text("Continue")
    page.locator("#write-before-after").click()
    expect(page.locator("#before-after li")).to_have_count(5)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_shows_the_round_that_matters_and_its_decision_reads_as_one(
    page: Page, site: Site, width: int, pictures: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    ended(site, begun(site), RoundState.promoted, "dpo-1")
    site.app.store.rounds.add(
        Round(created_at=datetime.now(UTC) - timedelta(days=1), state=RoundState.failed)
    )
    page.goto("/rounds")
    decision = page.locator(".decision")
    expect(decision).to_contain_text("Promoted: passed the quality checks")
    expect(decision).to_contain_text("✓ passed: 5 of 5 held-out pairs agree (limit: at least 50%)")
    expect(decision).to_contain_text("– not counted: Reply length could not be measured")
    expect(decision).to_contain_text("Update strength: 1.19×")
    take(page, pictures / f"rounds-decided-{width}.png")
    running = begun(site, created_at=datetime.now(UTC) - timedelta(days=2))
    event = RoundEvent(1, "train", 1, 4, {"loss": 0.7}, datetime.now(UTC), "", 25.0, 70.0)
    site.app.store.rounds.progress(running.id, running.fence, event)
    page.reload()
    expect(page.locator("#detail")).to_contain_text("1 min 10 s left")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    take(page, pictures / f"rounds-now-{width}.png")


def test_one_button_is_the_default_and_methods_are_behind_advanced(
    page: Page, site: Site, pictures: Path
) -> None:
    page.goto("/rounds")
    expect(page.locator("#supply")).to_contain_text("Ready to train")
    expect(page.locator("#estimate")).to_contain_text("No estimate yet; the first round may take up to")
    expect(page.get_by_role("button", name="Train a new version")).to_be_visible()
    for hidden in ("#preset", "#method", "#reward-first", "#rate"):
        expect(page.locator(hidden)).to_be_hidden()
    take(page, pictures / "rounds-first.png")
    page.locator("#advanced > button").click()
    expect(page.get_by_label("Also train a reward model and use it in the quality checks")).to_be_visible()
    expect(page.locator("#method").get_by_label("PPO")).to_be_visible()
    take(page, pictures / "rounds-advanced.png")


def test_the_arena_says_when_a_round_can_start(page: Page, site: Site) -> None:
    page.goto("/")
    link = page.locator("#to-training")
    expect(link).to_have_text("Train a new version")
    link.click()
    page.wait_for_url("**/rounds")
