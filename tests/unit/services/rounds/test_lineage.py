"""Where a version came from, and how two rounds differ."""

from datetime import UTC, datetime, timedelta

from feedback_app.domain.round import Round, RoundState
from feedback_app.services.rounds.lineage import Link, links
from feedback_app.ui.rounds.compare import comparison, differences
from feedback_app.ui.rounds.view import lineage

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
ROUND = Round(
    method="ppo",
    config={"episodes": 96, "learning_rate": 1e-3},
    state=RoundState.promoted,
    snapshot="0123456789",
    checkpoint="ppo-1",
    decision={"promote": True, "reasons": [], "evidence": {"kl": 0.9, "scale": 1.0}},
    started_at=BEGAN,
    finished_at=BEGAN + timedelta(minutes=11),
)
COUNTS = {"rankings": 48, "train": 41, "heldout": 7, "ratings": 0}


def test_a_version_is_followed_from_the_data_used_to_what_it_is_used_for() -> None:
    aliases = {"latest": "ppo-1", "challenger": "ppo-1", "champion": "base"}
    assert links(ROUND, COUNTS, "reward-1", aliases, {"ppo-1": 3}) == [
        Link("Data used", "48 rankings: 41 pairs to train on, 7 held out · snapshot 01234567"),
        Link("Reward model", "reward-1"),
        Link("Training", "PPO from the base model"),
        Link("New version", "version 3 (in use, being tested)"),
    ]


def test_a_round_that_has_not_begun_has_come_from_nowhere() -> None:
    assert links(Round(), {}, "", {}, {}) == []
    assert lineage([]) == ""


def test_names_in_a_lineage_are_text() -> None:
    assert "&lt;b&gt;" in lineage([Link("votes", "<b>"), Link("version", "x")])


def test_two_rounds_differ_in_what_was_set_and_measured_and_nothing_else_is_shown() -> None:
    other = Round(
        method="dpo",
        config={"beta": 0.1, "learning_rate": 1e-3},
        snapshot="0123456789",
        state=RoundState.held,
    )
    rows = {what: (left, right) for what, left, right in differences(ROUND, other)}
    assert rows["method"] == ("ppo", "dpo")
    assert rows["took"] == ("11 min 0 s", "–")
    assert rows["episodes"] == ("96", "–")
    assert rows["beta"] == ("–", "0.1")
    assert rows["distance from the base model (KL), nats"] == ("0.9", "–")
    assert rows["ended"] == ("promoted", "held back")
    assert "learning_rate" not in rows
    assert "data used (snapshot)" not in rows


def test_a_comparison_is_a_table_with_both_rounds_as_columns() -> None:
    shown = comparison(ROUND, Round(method="<i>"))
    assert shown.count('scope="col"') == 3
    assert "&lt;i&gt;" in shown
