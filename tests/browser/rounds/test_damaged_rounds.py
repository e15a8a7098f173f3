"""A damaged round and a damaged version are shown on the Rounds page and deleted there."""

from playwright.sync_api import Page, expect
from sqlalchemy import text

from feedback_app.domain.round import Checkpoint, Round, RoundState
from tests.browser.choices import choose, version_option
from tests.browser.site import Site


def test_a_damaged_round_and_a_damaged_version_are_deleted(page: Page, site: Site) -> None:
    store = site.app.store
    store.rounds.add(odd := Round(state=RoundState.failed))
    store.checkpoints.add(Checkpoint("odd-version", "somewhere"))
    with store.comparisons.database.write() as connection:
        connection.execute(text("UPDATE rounds SET metrics = 'nonsense', created_at = 'never'"))
        connection.execute(text("UPDATE checkpoints SET manifest = 'nonsense'"))
    page.goto(f"/rounds?c={odd.id}")
    expect(page.locator("#registry")).to_contain_text("damaged")
    page.locator("#delete-round").click()
    expect(page.locator("#delete-round-confirm")).to_contain_text("permanently")
    page.locator("#delete-round-yes").click()
    expect(page.locator("#line")).to_contain_text("The round was deleted.")
    expect(page.locator("#delete-round")).to_be_hidden()
    choose(page, "#version-choice", version_option(site, "odd-version"))
    page.locator("#delete-version").click()
    page.locator("#delete-version-yes").click()
    expect(page.locator("#registry-line")).to_contain_text("was deleted.")
    expect(page.locator("#registry")).to_contain_text("Only the base model so far")
    assert store.rounds.list(9) == []
    assert store.checkpoints.list() == []
