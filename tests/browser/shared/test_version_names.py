"""What the pages call the versions of the model: by number and age, in words one can say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.round import Checkpoint
from feedback_app.ui.shared.version_words import model_choices
from tests.browser.choices import choose, version_option
from tests.browser.site import Site, serving

FILES = "dpo-20261103-091500"
"""What the folder of a version is called."""


@pytest.fixture
def site(tiny_model: Path, tmp_path: Path) -> Iterator[Site]:
    """Each test begins without a version."""
    with serving(tmp_path / "home", tiny_model) as running:
        yield running


def trained(site: Site, folder: Path) -> str:
    """A version that is in use: the base's own weights under another name."""
    base = site.app.services.models.files("base").ct2_dir
    assert base is not None
    folder.mkdir()
    (folder / "ct2").symlink_to(base)
    site.app.store.checkpoints.add(Checkpoint(FILES, str(folder), passed=True))
    site.app.services.models.promote(FILES, by="test")
    return FILES


def test_before_the_first_round_there_is_nothing_to_switch(page: Page, site: Site, tmp_path: Path) -> None:
    page.goto("/rounds")
    expect(page.locator("#registry")).to_contain_text("Only the base model so far")
    expect(page.locator("#promote")).to_be_hidden()
    expect(page.locator("#rollback")).to_be_hidden()
    assert model_choices(site.app.services.models) == [
        ("The one in use (base model)", "latest"),
        ("Base model", "base"),
    ]
    trained(site, tmp_path / "trained")
    expect(page.locator("#promote")).to_be_visible()


def test_the_chat_says_which_version_answers(page: Page, site: Site, tmp_path: Path) -> None:
    name = trained(site, tmp_path / "trained")
    page.goto("/chat")
    expect(page.locator("#message textarea")).to_be_enabled()
    expect(page.locator("#model input")).to_have_value("The one in use (version 1)")
    expect(page.locator("#steps")).to_contain_text("talk with version 1")
    page.locator("#message textarea").fill("Hello!")
    page.locator("#message textarea").press("Enter")
    expect(page.locator("#version")).to_have_text("version 1 (in use)")
    choose(page, "#model", "Base model")
    expect(page.locator("#switch")).to_contain_text("stays with version 1")
    page.get_by_role("button", name="Stay here").click()
    expect(page.locator("#model input")).to_have_value(version_option(site, name))


def test_no_page_calls_a_version_by_its_folder_or_alias_where_one_chooses(
    page: Page, site: Site, tmp_path: Path
) -> None:
    trained(site, tmp_path / "trained")
    for path, field in (("/chat", "#model"), ("/settings", "#model"), ("/rounds", "#version-choice")):
        page.goto(path)
        page.locator(f"{field} input").click()
        expect(page.get_by_role("option", name="Version 1, today")).to_be_visible()
        shown = page.get_by_role("option").all_inner_texts()
        assert not [one for one in shown if any(word in one for word in ("latest", "champion", FILES))]
