"""Rounds, leaderboard and data as their user sees them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.round import Checkpoint, Round, RoundEvent, RoundState
from tests.browser.choices import choose, version_option
from tests.browser.site import Site
from tests.waiting import until

PAIRS = [{"prompt": f"Question {i}", "chosen": f"Good {i}", "rejected": f"Bad {i}"} for i in range(30)]


def written(path: Path, records: list[dict[str, str]], *more: str) -> Path:
    path.write_text("\n".join([*map(json.dumps, records), *more]) + "\n", encoding="utf-8")
    return path


def choose_file(page: Page, path: Path) -> None:
    page.goto("/data")
    page.locator("#import-file input[type=file]").set_input_files(path)
    expect(page.locator("#import-file")).to_contain_text(path.stem)


def upload(page: Page, path: Path) -> None:
    choose_file(page, path)
    page.locator("#import").click()


def test_too_few_pairs_is_one_friendly_line(page: Page) -> None:
    page.goto("/rounds")
    expect(page.locator("#detail")).to_contain_text("No round yet")
    page.locator("#queue-round").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 8 preference pairs")


def test_bad_lines_are_listed_by_number_and_nothing_is_imported(
    page: Page, site: Site, tmp_path: Path
) -> None:
    before = site.app.store.comparisons.counts()["ranked"]
    upload(page, written(tmp_path / "bad.jsonl", PAIRS[:2], "{not json", '{"prompt": "x"}'))
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported: 2 bad lines")
    expect(page.get_by_role("alert")).to_contain_text("line 3")
    assert site.app.store.comparisons.counts()["ranked"] == before


def test_an_import_is_guessed_reported_and_exported_again(page: Page, site: Site, tmp_path: Path) -> None:
    upload(page, written(tmp_path / "pairs.jsonl", PAIRS))
    expect(page.locator("#import-line")).to_contain_text("Imported 30 records (trl)")
    with page.expect_download() as started:
        page.locator("#exports a", has_text="trl").first.click()
    lines = Path(started.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 30
    upload(page, tmp_path / "pairs.jsonl")
    expect(page.locator("#import-line")).to_contain_text("30 records skipped")


def test_an_upload_is_recognised_before_it_is_imported_and_says_what_it_would_leave_out(
    page: Page, site: Site, tmp_path: Path
) -> None:
    asked = [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "No."}]
    rated = [{"messages": asked, "label": False, "margin": 1}]
    path = tmp_path / "rated.json"
    path.write_text(json.dumps(rated, indent=2), encoding="utf-8")
    choose_file(page, path)
    about, line = page.locator("#import-about"), page.locator("#import-line")
    expect(about).to_contain_text("Detected format: kto")
    expect(about).to_contain_text("codeLynn does not use margin")
    page.locator("#import").click()
    expect(line).to_contain_text("line 1: has `margin`, which this format does not use")
    page.locator("#import-ignore input").click()
    page.get_by_role("option", name="margin").click()
    page.locator("#import").click()
    expect(line).to_contain_text("Imported 1 record (kto). The file gave 1 rating.")
    expect(line).to_contain_text("Field margin left out of 1 record.")
    assert [(rating.reply, rating.good) for rating in site.app.store.ratings.all()] == [("No.", False)]


def test_a_file_that_is_not_recognised_asks_for_its_format_and_stays(page: Page, tmp_path: Path) -> None:
    choose_file(page, written(tmp_path / "odd.jsonl", [{"text": "private words"}]))
    line = page.locator("#import-line")
    expect(line).to_contain_text("Unrecognised file: choose a format; its records have the fields `text`")
    expect(line).not_to_contain_text("private words")
    page.locator("#import").click()
    expect(line).to_contain_text("Unrecognised file: choose a format")
    expect(page.locator("#import-file")).to_contain_text("odd")


def test_a_round_is_queued_watched_live_and_its_decision_shown(page: Page, site: Site) -> None:
    site.app.services.dataset.import_("trl", "\n".join(map(json.dumps, PAIRS)).encode())
    page.goto("/rounds")
    page.locator("#queue-round").click()
    expect(page.locator("#detail")).to_contain_text("waiting for a worker")
    rounds = site.app.store.rounds
    queued = rounds.list(1)[0]
    claimed = rounds.claim(queued.id, "test")
    assert claimed is not None
    for step in (1, 2):
        rounds.progress(queued.id, claimed.fence, event(step))
    expect(page.locator("#detail")).to_contain_text("step 2 of 4")
    expect(page.locator("#detail")).to_contain_text("1 min 10 s left")
    expect(page.locator("#curve svg.marks")).to_be_visible()  # not so while it is 0 high
    page.reload()
    expect(page.locator("#detail")).to_contain_text("step 2 of 4")
    decision = {"promote": False, "reasons": ["Replies are too long."], "evidence": {}}
    rounds.finish(queued.id, claimed.fence, RoundState.held, decision=decision)
    expect(page.locator("#detail")).to_contain_text("Replies are too long.")


def event(step: int) -> RoundEvent:
    return RoundEvent(step, "train", step, 4, {"loss": 0.7 / step}, datetime.now(UTC), "", 25.0 * step, 70.0)


def test_a_failed_round_says_why_and_a_queued_one_is_cancelled_and_resumed(page: Page, site: Site) -> None:
    rounds = site.app.store.rounds
    broken = Round()
    rounds.add(broken)
    claimed = rounds.claim(broken.id, "test")
    assert claimed is not None
    rounds.finish(broken.id, claimed.fence, RoundState.failed, error="out of memory: use a smaller batch")
    page.goto("/rounds")
    expect(page.get_by_role("alert")).to_contain_text("out of memory")
    page.locator("#resume-round").click()
    until(lambda: rounds.get(broken.id).state == RoundState.queued)
    page.locator("#cancel-round").click()
    until(lambda: rounds.get(broken.id).state == RoundState.cancelled)


def test_promote_and_roll_back_ask_first(page: Page, site: Site, tmp_path: Path) -> None:
    site.app.store.checkpoints.add(Checkpoint("dpo-test", str(tmp_path), passed=True))
    page.goto("/rounds")
    choose(page, "#version-choice", version_option(site, "dpo-test"))
    version = site.app.services.models.called("dpo-test")
    page.locator("#promote").click()
    expect(page.locator("#promote-confirm")).to_contain_text(
        f"This will switch arena and new chats from the base model to {version}. Continue?"
    )
    page.locator("#promote-yes").click()
    expect(page.locator("#registry-line")).to_contain_text(f"{version.capitalize()} is in use now")
    page.locator("#rollback").click()
    expect(page.locator("#rollback-confirm")).to_contain_text("This will switch back to the base model")
    page.locator("#rollback-yes").click()
    expect(page.locator("#registry-line")).to_contain_text(f"The base model is in use again; {version} stays")


def test_an_empty_leaderboard_says_how_to_fill_it(page: Page) -> None:
    page.goto("/leaderboard")
    expect(page.locator("#standings")).to_contain_text("No votes between two versions yet")


@pytest.mark.parametrize("path", ["/", "/chat", "/rounds", "/leaderboard", "/reward", "/data"])
def test_every_page_fits_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    page.wait_for_selector("h1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
