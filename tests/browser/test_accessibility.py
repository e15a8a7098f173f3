"""Every page, filled and in both colour schemes, before axe-core."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.round import Checkpoint, Round, RoundState
from tests.browser.site import Site

READY = {
    "/": "#arena[data-state=open]",
    "/chat": "#transcript .message",
    "/rounds": "#detail >> text=passed the quality checks",
    "/reward": "#live-summary p",
    "/leaderboard": "table",
    "/data": "#exports li",
}
GRADIOS_OWN = {("label-content-name-mismatch", ".upload-container")}
"""Gradio 6.31's upload area has a label that its text does not contain."""


def judged(site: Site, number: int) -> None:
    replies = tuple(
        Candidate(f"c{i}", i, model, f"Reply {i}.", finish="stop") for i, model in ((1, "base"), (2, "dpo-1"))
    )
    made = Comparison((Message("user", f"Question {number}?"),), replies, status=ComparisonStatus.open)
    site.app.store.comparisons.add(made)
    if number:
        site.app.store.comparisons.rank(made.id, Ranking((("c2",), ("c1",))), ())


@pytest.fixture(scope="module")
def filled(site: Site) -> Site:
    """A service in whose life everything has happened once."""
    store = site.app.store
    store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    for number in range(25):
        judged(site, number)
    talk = Conversation(model="base", persona="lynn", title="A talk")
    store.conversations.add(talk)
    store.conversations.append(talk.id, Turn("user", "Hello?"))
    store.conversations.append(talk.id, Turn("assistant", "Hello.", model="base"))
    decision = {"promote": True, "reasons": ["12 of 14 held-out pairs"], "evidence": {"kl": 0.9}}
    store.rounds.add(Round(state=RoundState.promoted, checkpoint="dpo-1", decision=decision))
    return site


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", READY)
def test_axe_finds_nothing(page: Page, filled: Site, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(path + ("?__theme=dark" if scheme == "dark" else ""))
    page.wait_for_selector(READY[path])
    found = [
        (violation["impact"], violation["id"], ".".join(node["target"]), node["html"][:120])
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    assert [one for one in found if (one[1], one[2]) not in GRADIOS_OWN] == []
