"""The reward page as its user sees it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site
from tests.unit.services.reward.examples_reward import shelved

pytestmark = pytest.mark.browser


def test_the_reward_page_says_how_to_train_one_and_then_what_it_is_worth(page: Page, site: Site) -> None:
    page.goto("/reward")
    expect(page.locator("#reward-model")).to_contain_text("codelynn reward train")
    base = site.app.services.models.files("base").base_dir
    shelf = site.app.settings.root / "rewards"
    shelved(shelf, "reward-1", "2026-05-01", base=site.app.services.reward_models.base_hash())
    assert base.exists()
    page.reload()
    expect(page.locator("#reward-model")).to_contain_text("75% 60% to 86%, 40 pairs")
    for name in ("calibration", "by-margin", "by-length"):
        expect(page.locator(f"#reward-{name} svg.marks")).to_be_visible()  # not so while it is 0 high
    expect(page.locator("#reward-by-length")).to_contain_text("Accuracy by length ratio")


def test_a_reward_round_is_queued_with_its_own_settings(page: Page, site: Site) -> None:
    page.goto("/rounds")
    page.locator("#advanced > button").click()
    page.locator("#method").get_by_label("Reward model alone").check()
    expect(page.locator("#reward-first input")).to_be_disabled()
    expect(page.locator("#sft-first input")).to_be_disabled()
    expect(page.locator("#about-method")).to_contain_text("Learns from your rankings")


def test_each_method_says_what_it_needs_and_refuses_in_one_line_without(page: Page, site: Site) -> None:
    page.goto("/rounds")
    page.locator("#advanced > button").click()
    page.locator("#method").get_by_label("RLOO").check()
    expect(page.locator("#about-method")).to_contain_text("Needs a reward model")
    expect(page.locator("#steps input, #steps textarea")).to_be_enabled()
    expect(page.locator("#epochs input, #epochs textarea")).to_be_disabled()
    page.locator("#method").get_by_label("SFT", exact=True).check()
    expect(page.locator("#sft-first input")).to_be_disabled()
    page.locator("#queue-round").click()
    expect(page.get_by_role("alert")).to_contain_text("at least 8 demonstrations")
