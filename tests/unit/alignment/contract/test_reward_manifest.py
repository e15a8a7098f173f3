"""A reward model on disk, and the decision whether it is used."""

from pathlib import Path
from typing import Any

import pytest

from alignment.contract.reward_manifest import CorruptReward, decide_reward, read_reward, write_reward

GOOD = {"pairs": 40, "heldout_pairs": 20, "accuracy": 0.8, "accuracy_low": 0.6, "accuracy_high": 0.9}
NONE_HELD_OUT = {"heldout_pairs": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None}


@pytest.mark.parametrize(
    ("record", "promote", "words"),
    [
        (GOOD, True, "80% of 20 held-out pairs (95 % interval 60% to 90%): better than chance"),
        (GOOD | {"accuracy_low": 0.4}, True, "too few pairs to tell it from chance"),
        (GOOD | {"accuracy": 0.3, "accuracy_low": 0.1, "accuracy_high": 0.5}, False, "no better than chance"),
        (GOOD | NONE_HELD_OUT, True, "No held-out pairs yet"),
        (GOOD | {"pairs": 7}, False, "Trained on 7 pairs (limit: at least 8)"),
    ],
)
def test_a_reward_model_is_used_unless_it_has_too_few_pairs_or_is_no_better_than_chance(
    record: dict[str, Any], promote: bool, words: str
) -> None:
    decision = decide_reward(record, 8)
    assert decision.promote is promote
    assert words in " ".join(decision.reasons)
    assert len(decision.reasons) == 2


def written(folder: Path) -> Path:
    (folder / "head.safetensors").write_bytes(b"weights")
    write_reward(folder, {"name": "r"})
    return folder


def test_a_reward_model_comes_back_with_its_manifest(tmp_path: Path) -> None:
    assert read_reward(written(tmp_path))["name"] == "r"


def test_an_unfinished_or_changed_reward_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptReward, match="no readable manifest"):
        read_reward(tmp_path)
    (written(tmp_path) / "head.safetensors").write_bytes(b"others")
    with pytest.raises(CorruptReward, match="not the one in its manifest"):
        read_reward(tmp_path)


def test_anything_but_safetensors_and_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(CorruptReward, match=r"model\.bin"):
        write_reward(tmp_path, {})
