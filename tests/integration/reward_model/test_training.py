"""Training the reward network on rankings, with a tiny model."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel

from reward_model import train
from reward_model.config import RewardConfig
from reward_model.network import RewardNetwork
from reward_model.rankings import Ranked, RewardRefused
from reward_model.train import Stopped, train_network
from tests.integration.reward_model.toy import CONFIG, PROMPT, ranking_of_nine, toy_rankings

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")
SHORT = CONFIG.model_copy(update={"epochs": 1.0})


def accuracy(network: RewardNetwork, rankings: list[Ranked]) -> float:
    scores = network.score([(ranked.prompt, reply) for ranked in rankings for reply in ranked.replies])
    right = [
        (a > b) == (r.places[0] < r.places[1])
        for a, b, r in zip(scores[::2], scores[1::2], rankings, strict=True)
    ]
    return sum(right) / len(right)


def test_a_preference_is_learned_from_pairs(tiny: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    facts = train_network(
        tiny,
        toy_rankings(96, 0),
        CONFIG,
        tmp_path,
        report=lambda step, total, metrics: seen.append((step, total)),
    )
    assert accuracy(RewardNetwork.load(tiny, tmp_path), toy_rankings(100, 1)) > 0.9
    assert seen == [(step, 36) for step in range(1, 37)]
    assert facts["steps"] == 36
    assert facts["tie_threshold"] == 0
    assert facts["update_norm"] > 0
    assert facts["loss"] < 0.5
    assert facts["truncated"] == 0


def test_the_adapter_holds_no_path_and_half_the_layers(tiny: Path, tmp_path: Path) -> None:
    train_network(tiny, toy_rankings(8, 0), SHORT, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir() if file.name != "README.md") == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "head.safetensors",
    ]
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    assert str(tiny.parents[1]) not in json.dumps(settings)
    assert all(".layers.1." in name for name in load_file(tmp_path / "adapter_model.safetensors"))


def test_the_same_seed_gives_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        config = SHORT.model_copy(update={"seed": seed})
        train_network(tiny, toy_rankings(24, 0, ties=True), config, tmp_path / name)
        torch.rand(1)  # the state of the global generator does not matter
    for file in ("adapter_model.safetensors", "head.safetensors"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b
        assert a != c


def test_no_share_of_the_way_is_the_start_and_half_of_it_lies_between(tiny: Path, tmp_path: Path) -> None:
    def scores(share: float) -> torch.Tensor:
        folder = tmp_path / str(share)
        facts = train_network(tiny, toy_rankings(24, 0), SHORT, folder, settle=lambda way: share)
        assert (facts["share"], facts["update_norm"] > 0) == (share, True)
        adapter = load_file(folder / "adapter_model.safetensors")
        assert any(part.any() for name, part in adapter.items() if "lora_B" in name) == (share > 0)
        return torch.tensor(
            RewardNetwork.load(tiny, folder).score([(PROMPT, "thanks a lot"), (PROMPT, "warm soup")])
        )

    begun, half, ended = scores(0.0), scores(0.5), scores(1.0)
    assert torch.equal(begun, torch.zeros(2)), "the head begins at zero"
    assert (half - begun).abs().sum() < (ended - begun).abs().sum()


def test_training_leaves_the_global_generator_alone(tiny: Path, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    train_network(tiny, toy_rankings(8, 0), SHORT, tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_rankings_of_nine_are_learned(tiny: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"batch_size": 2, "epochs": 4.0})
    train_network(tiny, [ranking_of_nine(seed) for seed in range(12)], config, tmp_path)
    assert accuracy(RewardNetwork.load(tiny, tmp_path), toy_rankings(100, 1)) > 0.9


def test_bfloat16_learns_too(tiny: Path, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"precision": "bf16"})
    train_network(tiny, toy_rankings(96, 0), config, tmp_path)
    assert accuracy(RewardNetwork.load(tiny, tmp_path), toy_rankings(100, 1)) > 0.9


def test_fewer_rankings_than_a_step_takes_are_passed_as_often_as_asked(tiny: Path, tmp_path: Path) -> None:
    assert train_network(tiny, toy_rankings(3, 0), CONFIG, tmp_path)["steps"] == 3


def test_ties_raise_the_threshold(tiny: Path, tmp_path: Path) -> None:
    rankings = toy_rankings(96, 0, ties=True)
    facts = train_network(tiny, rankings, CONFIG, tmp_path / "with")
    network = RewardNetwork.load(tiny, tmp_path / "with")
    assert facts["tie_threshold"] > 0
    assert network.tie_threshold == pytest.approx(facts["tie_threshold"])
    assert accuracy(network, toy_rankings(100, 1)) > 0.9
    ignoring = CONFIG.model_copy(update={"ties": "ignore", "epochs": 0.1})
    assert train_network(tiny, rankings, ignoring, tmp_path / "without")["tie_threshold"] == 0


def test_an_interrupted_training_writes_nothing(tiny: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    with pytest.raises(Stopped):
        train_network(
            tiny,
            toy_rankings(32, 0),
            CONFIG,
            tmp_path / "model",
            report=lambda step, total, metrics: steps.append(step),
            should_stop=lambda: len(steps) == 2,
        )
    assert steps == [1, 2]
    assert not (tmp_path / "model").exists()


def test_contradictory_rankings_end_near_no_difference(tiny: Path, tmp_path: Path) -> None:
    pair = ("Soup is warm.", "Add salt.")
    rankings = [Ranked(PROMPT, pair, places) for places in ((0, 1), (1, 0))] * 12
    train_network(tiny, rankings, CONFIG, tmp_path)
    first, second = RewardNetwork.load(tiny, tmp_path).score([(PROMPT, reply) for reply in pair])
    assert abs(first - second) < 0.5


@pytest.mark.parametrize(
    "rankings", [[], [Ranked(PROMPT, ("a", "b"), (0, 0))], [Ranked(PROMPT, ("a", "a"), (0, 1))]]
)
def test_nothing_to_learn_is_refused(tiny: Path, tmp_path: Path, rankings: list[Ranked]) -> None:
    with pytest.raises(RewardRefused):
        train_network(tiny, rankings, CONFIG, tmp_path)


def test_weights_that_are_not_numbers_are_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(RewardRefused, match="not numbers"):
        train_network(
            tiny,
            toy_rankings(8, 0),
            SHORT,
            tmp_path,
            start=lambda network, rankings: [[float("nan"), 0.0]] * 8,
        )


def test_odd_replies_train_and_score(tiny: Path, tmp_path: Path) -> None:
    odd = [
        Ranked(PROMPT, ("", "Soup."), (1, 0)),
        Ranked(PROMPT, ("soup " * 900, "ok"), (1, 0)),
        Ranked(PROMPT, ("你好 \ud83d", "\x00"), (0, 1)),
    ]
    facts = train_network(tiny, odd, SHORT.model_copy(update={"max_length": 64}), tmp_path)
    assert facts["truncated"] == 1
    scores = RewardNetwork.load(tiny, tmp_path).score([(PROMPT, reply) for r in odd for reply in r.replies])
    assert all(abs(score) < 100 for score in scores)


def test_what_the_offsets_say_is_not_learned_again(tiny: Path, tmp_path: Path) -> None:
    rankings = toy_rankings(48, 0)
    known = [[8.0 * (1 - place) for place in ranked.places] for ranked in rankings]
    small = train_network(tiny, rankings, CONFIG, tmp_path / "small", start=lambda *_: known)
    large = train_network(tiny, rankings, CONFIG, tmp_path / "large")
    assert small["loss"] < 0.01
    texts = [(PROMPT, "thanks soup"), (PROMPT, "soup")]
    gaps = [
        a - b
        for a, b in (RewardNetwork.load(tiny, tmp_path / name).score(texts) for name in ("small", "large"))
    ]
    assert abs(gaps[0]) < abs(gaps[1])
    assert large["loss"] > small["loss"]


def test_a_ranking_too_large_for_one_row_gives_the_same_gradients(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SHORT.model_copy(update={"batch_size": 1, "lora_dropout": 0.0})
    rankings = [ranking_of_nine(seed) for seed in range(3)]
    train_network(tiny, rankings, config, tmp_path / "whole")
    monkeypatch.setattr(train, "TRAIN_TOKENS", 40)
    train_network(tiny, rankings, config, tmp_path / "parts")
    items = [(PROMPT, reply) for reply in rankings[0].replies]
    whole, parts = (RewardNetwork.load(tiny, tmp_path / name).score(items) for name in ("whole", "parts"))
    assert parts == pytest.approx(whole, abs=0.02)


def test_a_shared_prompt_changes_no_hidden_state(tiny: Path) -> None:
    torch.manual_seed(0)
    network = RewardNetwork.fresh(tiny, RewardConfig(precision="fp32"))
    torch.nn.init.normal_(network.head.score.weight)
    replies = ["Soup is warm.", "Add salt.", "", "Soup is warm and easy."]
    together = network.score([(PROMPT, reply) for reply in replies])
    plain = AutoModel.from_pretrained(tiny).eval()
    for reply, score in zip(replies, together, strict=True):
        text = network.encode(PROMPT, reply)
        with torch.no_grad():
            hidden = plain(input_ids=torch.tensor([text.ids])).last_hidden_state[0, text.start :]
            pooled = torch.cat([hidden.mean(0), hidden[-1]])
            assert float(network.head(pooled[None])) == pytest.approx(score, abs=1e-3)
