"""A round's spec survives the way to disk and back; a broken one is refused in one line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.configs.policy import Schedule
from alignment.contract.errors import InvalidConfig, InvalidSpec
from alignment.contract.methods import round_config
from alignment.contract.spec import SPEC_FILE, RoundSpec, read_spec, write_spec
from alignment.contract.thresholds import Thresholds
from reward_model.config import RewardConfig

SPEC = RoundSpec(
    round_id="r1",
    base_dir=Path("models/tiny/hf"),
    snapshot_dir=Path("snapshots/ab12"),
    checkpoint_name="tone-1",
    checkpoint_dir=Path("checkpoints/tone-1"),
    perplexity_pack=Path("perplexity.jsonl"),
    heldout_prompts=Path("heldout.jsonl"),
)

configs = st.builds(
    DpoConfig,
    learning_rate=st.floats(1e-8, 0.1),
    batch_size=st.integers(1, 64),
    micro_batch_size=st.integers(1, 16),
    perplexity_budget=st.none() | st.floats(1, 2),
    lora_targets=st.sampled_from([("all-linear",), ("q_proj", "v_proj")]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    config=configs,
    thresholds=st.builds(Thresholds, min_accuracy=st.floats(0, 1), max_kl=st.floats(0.1, 1e3)),
    system_prompt=st.text(),
    parent_adapter=st.none() | st.just(Path("checkpoints/a/adapter")),
    seed=st.integers(0, 2**31 - 1),
)
def test_a_spec_comes_back_as_it_was_written(tmp_path: Path, **fields: Any) -> None:
    spec = replace(SPEC, **fields)
    write_spec(tmp_path, spec)
    assert read_spec(tmp_path) == spec


def test_the_settings_are_those_of_the_method(tmp_path: Path) -> None:
    spec = replace(SPEC, method="reward", config=RewardConfig(margin=0.5), reward_dir=Path("rewards/r"))
    write_spec(tmp_path, spec)
    assert read_spec(tmp_path) == spec
    assert spec.reward.margin == 0.5
    with pytest.raises(InvalidSpec, match="not the settings of a round that trains the chat model"):
        _ = spec.policy
    assert replace(SPEC, seed=3).reward == RewardConfig(seed=3)
    with pytest.raises(InvalidConfig, match="no setting 'beta'; there are: learning_rate, epochs"):
        round_config("reward", {"beta": 0.1})
    with pytest.raises(InvalidConfig, match="there are: dpo, kto, sft, ppo, rloo, reward"):
        round_config("magic", {})


def edited(folder: Path, **changes: Any) -> Path:
    write_spec(folder, SPEC)
    content = json.loads((folder / SPEC_FILE).read_text())
    (folder / SPEC_FILE).write_text(json.dumps(content | changes))
    return folder


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "grpo"}, "method"),
        ({"threads": "many"}, "threads"),
        ({"thresholds": {"max_kl": "low"}}, "thresholds"),
        ({"surprise": 1}, "unknown fields: surprise"),
    ],
)
def test_a_spec_with_a_wrong_field_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidSpec, match=reason) as refusal:
        read_spec(edited(tmp_path, **changes))
    assert "\n" not in str(refusal.value)


def test_a_missing_broken_or_incomplete_spec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpec, match="missing"):
        read_spec(tmp_path)
    (tmp_path / SPEC_FILE).write_text("{")
    with pytest.raises(InvalidSpec, match="not JSON"):
        read_spec(tmp_path)
    (tmp_path / SPEC_FILE).write_text('{"round_id": "r1"}')
    with pytest.raises(InvalidSpec, match="lacks: base_dir, checkpoint_dir"):
        read_spec(tmp_path)


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"learning_rate": 0}, "learning_rate: input should be greater than or equal to"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"epoch": 3}, "no setting 'epoch'; there are: learning_rate"),
        ({"loss": ["sigmoid", "luck"]}, "loss.1"),
        ({"loss": ["sigmoid", "sft"], "loss_weights": [1]}, "one weight per loss, that is 2"),
        ({"lora_targets": ["lm_head"]}, "lm_head"),
        ({"perplexity_budget": 0.9}, "perplexity_budget"),
    ],
)
def test_a_setting_that_is_not_allowed_is_refused_in_one_line(overrides: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidConfig, match=reason) as refusal:
        round_config("dpo", overrides)
    assert "\n" not in str(refusal.value)


@given(st.integers(1, 1024), st.integers(1, 256))
def test_micro_batches_divide_the_batch_evenly(batch: int, micro: int) -> None:
    schedule = DpoConfig(batch_size=batch, micro_batch_size=micro).schedule(50)
    assert batch % schedule.micro_batch == 0
    assert schedule.micro_batch <= micro


def test_what_is_not_set_follows_the_number_of_pairs() -> None:
    assert DpoConfig().schedule(10) == Schedule(4e-4, 4, 2, 6.0)
    assert DpoConfig().schedule(50) == Schedule(4e-4, 4, 2, 3.0)
    assert DpoConfig().schedule(150) == Schedule(4e-4, 8, 2, 2.0)
    assert DpoConfig(learning_rate=1e-3, epochs=1, batch_size=2).schedule(150) == Schedule(1e-3, 2, 2, 1.0)
