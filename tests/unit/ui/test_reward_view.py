"""What the page says of a trained reward model."""

from pathlib import Path
from typing import Any

from alignment.contract.manifests.reward import RewardEvaluation, RewardManifest
from feedback_app.domain.counts import span
from feedback_app.services.reward.reward_hacking import WatchPoint
from feedback_app.services.reward.reward_models import RewardHackingReport, RewardModel, RewardModelRegistry
from feedback_app.ui.reward.view import alarms_html, buckets, facts, over_checkpoints, trained_calibration
from tests.unit.services.reward.examples_reward import RECORD, shelved

LENGTHS = (0.1, 3.0)


def model(**record: Any) -> RewardModel:
    manifest = {"created_at": "2026-05-01T12:00:00+00:00", "evaluation": RECORD | record}
    return RewardModel("<r>", Path(), RewardManifest.from_record(manifest))


def test_the_facts_are_numbers_with_their_interval_and_names_are_text() -> None:
    shown = facts(model())
    assert "&lt;r&gt;" in shown
    assert '75% <span class="quiet">60% to 86%, 40 pairs</span>' in shown
    assert "0.031" in shown


def test_how_much_of_the_training_was_kept_is_said_where_it_was_chosen() -> None:
    assert "Share of the training kept" not in facts(model())
    assert '50% <span class="quiet">what helped' in facts(model(training_kept=0.5))
    assert '0% <span class="quiet">training did not help' in facts(model(training_kept=0.0))


def test_what_is_not_known_is_said_to_be() -> None:
    unknown = model(accuracy=None, ece=None, length_correlation=None, calibration=[], by_margin=[])
    assert facts(unknown).count("not known yet") == 4
    assert trained_calibration(unknown.evaluation).empty
    assert buckets(unknown.evaluation.by_margin).empty


def test_plots_hold_the_diagonal_and_leave_empty_buckets_out() -> None:
    assert set(trained_calibration(RewardEvaluation.from_record(RECORD))["what"]) == {"this model", "perfect"}
    assert list(buckets(RewardEvaluation.from_record(RECORD).by_length)["bucket"]) == ["1 to 2", "from 2"]
    assert (span(None, 1.0), span(0.5, 1.0)) == ("up to 1", "0.5 to 1")
    frame = over_checkpoints([WatchPoint("a", 0.6, None, None, 1.0), WatchPoint("b", 0.5, 0.7)])
    assert frame.to_numpy().tolist() == [
        [1, 0.6, "reward"],
        [2, 0.5, "reward"],
        [2, 0.7, "held-out preference"],
    ]


def test_one_checkpoint_is_no_course() -> None:
    assert over_checkpoints([WatchPoint("a", 0.6), WatchPoint("b", None, 0.7)]).empty


def test_alarms_are_alerts_and_their_absence_is_said() -> None:
    assert 'role="alert"' in alarms_html(RewardHackingReport([], ["Something is wrong."], LENGTHS))
    assert "No version was checked" in alarms_html(RewardHackingReport([], [], LENGTHS))
    assert "0.1 to 3 times" in alarms_html(RewardHackingReport([WatchPoint("a", 0.6)], [], LENGTHS))


def test_the_current_reward_model_is_the_newest_that_passed_of_this_base(tmp_path: Path) -> None:
    shelved(tmp_path, "old", "2026-05-01", base="b1")
    shelved(tmp_path, "new", "2026-05-02", base="b1")
    shelved(tmp_path, "held", "2026-05-03", base="b1", passed=False)
    shelved(tmp_path, "other", "2026-05-04", base="b2")
    shelved(tmp_path, ".building", "2026-05-05", base="b1")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "manifest.json").write_text("{")
    shelf = RewardModelRegistry(tmp_path)
    assert [found.name for found in shelf.all()] == ["other", "held", "new", "old"]
    assert shelf.current_folder("b1") == tmp_path / "new"
    assert shelf.current_folder() == tmp_path / "other"
    assert shelf.current("b3") is None
