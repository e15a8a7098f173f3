"""How long a round is expected to take."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from alignment.contract.amounts import Amounts
from alignment.contract.durations import at_most, first_round
from alignment.contract.methods import round_config
from alignment.models.base_size import known_size, size_of
from feedback_app.domain.expectation import Expected
from feedback_app.domain.round import Round, RoundEvent, RoundState
from feedback_app.services.rounds.estimate import comparable, expected, stage_seconds
from feedback_app.ui.rounds.methods import numbers
from feedback_app.ui.rounds.view import estimate

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
    assert comparable(done, "dpo", {"reward": 1})
    assert not comparable(done, "dpo", {})
    assert not comparable(done, "kto", {"reward": 1})
    assert not comparable(Round(method="dpo", state=RoundState.held, attempt=2), "dpo", {})
    assert not comparable(Round(method="dpo", state=RoundState.failed, attempt=1), "dpo", {})


def test_whole_numbers_are_read_and_what_is_half_typed_is_left_out() -> None:
    filled = {"episodes": "96", "learning_rate": "1e-", "reward": True, "online_repeats": "0"}
    assert numbers(filled) == {"episodes": 96, "reward": 1, "online_repeats": 0}


def test_the_page_says_minutes_and_before_the_first_round_that_they_are_rough() -> None:
    assert "About 11 minutes, like the last round of this kind." in estimate(Expected(655))
    assert "No estimate yet; the first round may take up to 12 minutes." in estimate(
        Expected(700, first=True)
    )
    assert "No estimate yet: it needs valid settings and a model that is prepared." in estimate(None)


def test_the_first_round_is_bounded_by_what_was_measured_on_two_cores() -> None:
    """docs/benchmarks/owner.md: 11.6 minutes with 50 votes, 20.3 with 150."""
    bound = first_round(1, lambda: 1.0)
    for votes, minutes in ((50, 11.6), (150, 20.3)):
        pairs = round(votes * 0.85)
        seconds = bound("dpo", {}, Amounts(pairs=pairs, heldout=votes - pairs))
        assert seconds is not None
        assert minutes * 60 <= seconds < minutes * 60 * 2


def test_more_threads_and_smaller_models_take_less_and_more_stages_longer(tmp_path: Path) -> None:
    there = Amounts(pairs=40, heldout=7, demonstrations=12)
    plain = at_most(round_config("dpo", {}), there, 1, 1.0)
    assert at_most(round_config("dpo", {}), there, 4, 1.0) == plain / 2
    assert at_most(round_config("dpo", {}), there, 1, 2.0) == plain * 2
    for more in ({"reward": True}, {"sft_first": True}, {"online_repeats": 1}):
        assert at_most(round_config("dpo", more), there, 1, 1.0) > plain
    for method in ("kto", "sft", "ppo", "rloo", "reward"):
        assert at_most(round_config(method, {}), there, 1, 1.0) > 0
    assert first_round(1, lambda: 1.0)("dpo", {"beta": "1e-"}, there) is None
    assert size_of(tmp_path) == 1.0
    (tmp_path / "model.safetensors").write_bytes(b"0")
    assert size_of(tmp_path) == 0.1


def test_the_size_of_a_model_that_is_not_prepared_is_read_where_it_lies_or_is_not_known(
    tmp_path: Path,
) -> None:
    models, folder = tmp_path / "models", tmp_path / "mine"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"0")
    assert known_size("smollm2", models) == 1.0
    assert known_size(str(folder), models) == 0.1
    assert known_size("someone/something", models) is None
    assert known_size("no such model", models) is None
    assert not models.exists()
    there = {"pairs": 40, "heldout": 7, "rated": 80, "demonstrations": 12}
    assert first_round(1, lambda: None)("dpo", {}, there) is None
