"""Where a version came from and how two rounds differ, on the Rounds page."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from feedback_app.domain.round import Checkpoint, Round, RoundState
from tests.browser.choices import choose
from tests.browser.site import Site

SNAPSHOT = "ab" * 32


@pytest.fixture
def two_rounds(site: Site) -> tuple[Round, Round]:
    """A promoted PPO round and a held DPO round of the same snapshot."""
    store, root = site.app.store, site.app.settings.root
    folder = root / "snapshots" / SNAPSHOT
    folder.mkdir(parents=True)
    counts = {"rankings": 48, "train": 41, "heldout": 7}
    (folder / "manifest.json").write_text(json.dumps({"counts": counts}), encoding="utf-8")
    dpo = ended(site, Round(method="dpo", config={"beta": 0.1}), RoundState.held, None)
    path = root / "checkpoints" / "ppo-1"
    store.checkpoints.add(
        Checkpoint("ppo-1", str(path), manifest={"training": {"reward_model": "reward-1"}}, passed=True)
    )
    return dpo, ended(site, Round(method="ppo", config={"episodes": 96}), RoundState.promoted, "ppo-1")


def ended(site: Site, round_: Round, state: RoundState, checkpoint: str | None) -> Round:
    rounds = site.app.store.rounds
    rounds.add(round_)
    claimed = rounds.claim(round_.id, "test")
    assert claimed is not None
    rounds.set_snapshot(round_.id, claimed.fence, SNAPSHOT)
    return rounds.finish(
        round_.id,
        claimed.fence,
        state,
        checkpoint=checkpoint,
        decision={"promote": checkpoint is not None, "reasons": [], "evidence": {"kl": 0.9}},
    )


def open_advanced(page: Page) -> None:
    page.locator("#advanced > button").click()
    expect(page.locator("#method")).to_be_visible()


def test_a_version_is_followed_back_to_its_votes_and_two_rounds_are_compared(
    page: Page, two_rounds: tuple[Round, Round], tmp_path: Path
) -> None:
    page.goto("/rounds")
    expect(page.locator("#estimate")).to_contain_text("About 1 minute, like the last round of this kind")
    open_advanced(page)
    choose(page, "#preset", "My thumbs and rankings")
    expect(page.locator("#method").get_by_label("KTO")).to_be_checked()
    expect(page.locator("#estimate")).to_contain_text("No estimate yet; the first round may take up to")
    came_from = page.get_by_label("Where it came from")
    expect(came_from).to_contain_text("48 rankings: 41 pairs to train on, 7 held out")
    expect(came_from).to_contain_text("reward-1")
    expect(came_from).to_contain_text("PPO from the base model")
    page.get_by_role("button", name="Compare two rounds").click()
    compared = page.locator("#rounds-compared")
    expect(compared.locator("tr", has_text="episodes")).to_contain_text("96")
    expect(compared.locator("tr", has_text="ended")).to_contain_text("held back")
    expect(compared).not_to_contain_text("(KL)")
