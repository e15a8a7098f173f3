"""How long a round is expected to take."""

from datetime import UTC, datetime, timedelta

from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.services.estimate import alike, expected, stage_seconds
from feedback_app.ui.round_methods import numbers
from feedback_app.ui.rounds_view import estimate

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


def event(seq: int, stage: str, after: float) -> RoundEvent:
    return RoundEvent(seq, stage, 1, 1, {}, BEGAN + timedelta(seconds=after))


def test_a_stage_takes_from_the_end_of_the_one_before_to_its_last_event() -> None:
    events = [event(1, "reward", 30), event(2, "train", 40), event(3, "train", 100), event(4, "gate", 160)]
    assert stage_seconds(events, BEGAN) == {"reward": 30, "train": 70, "gate": 60}


def test_what_trains_on_pairs_grows_with_them_and_the_gate_does_not() -> None:
    took = {"reward": 30.0, "train": 70.0, "draw-1": 20.0, "train-1": 80.0, "gate": 60.0}
    assert expected(took, "dpo", 2.0) == 60 + 140 + 20 + 160 + 60
    assert expected(took, "ppo", 2.0) == 30 + 140 + 20 + 160 + 60


def test_only_an_undisturbed_round_with_the_same_stages_says_how_long_another_takes() -> None:
    done = Round(method="dpo", config={"reward": True}, state=RoundState.held, attempt=1)
    assert alike(done, "dpo", {"reward": 1})
    assert not alike(done, "dpo", {})
    assert not alike(done, "kto", {"reward": 1})
    assert not alike(Round(method="dpo", state=RoundState.held, attempt=2), "dpo", {})
    assert not alike(Round(method="dpo", state=RoundState.failed, attempt=1), "dpo", {})


def test_whole_numbers_are_read_and_what_is_half_typed_is_left_out() -> None:
    filled = {"episodes": "96", "learning_rate": "1e-", "reward": True, "online_repeats": "0"}
    assert numbers(filled) == {"episodes": 96, "reward": 1, "online_repeats": 0}


def test_the_page_says_minutes_or_that_it_does_not_know_yet() -> None:
    assert "About 11 minutes, as the last round of this kind took here." in estimate(655)
    assert "the first round of this kind will tell" in estimate(None)
