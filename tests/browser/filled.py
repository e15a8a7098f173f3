"""A service in whose life everything has happened once."""

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.round import Checkpoint, Round, RoundState
from tests.browser.site import Site

READY = {
    "/": "#arena[data-state=open]",
    "/chat": "#transcript .message",
    "/rounds": "#detail >> text=Passed the gate",
    "/reward": "#live-summary p",
    "/leaderboard": "table",
    "/data": "#exports li",
    "/settings": "#languages input:checked",
}
"""Every page of a filled service, with what is there once it is drawn."""


def fill(site: Site) -> None:
    """Rankings, a version, a conversation and a round that promoted."""
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


def judged(site: Site, number: int) -> None:
    """A comparison of two versions; all but the first are ranked."""
    replies = tuple(
        Candidate(f"c{i}", i, model, f"Reply {i}.", finish="stop") for i, model in ((1, "base"), (2, "dpo-1"))
    )
    made = Comparison((Message("user", f"Question {number}?"),), replies, status=ComparisonStatus.open)
    site.app.store.comparisons.add(made)
    if number:
        site.app.store.comparisons.rank(made.id, Ranking((("c2",), ("c1",))), ())
