"""PPO on the tiny model: one base in memory, the right probabilities, and a reward that is learned."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.snapshot import Messages
from alignment.gate.evaluation import text_completion
from alignment.methods.ppo.experience import Diverged, Prompt, Score, Source
from alignment.methods.ppo.losses import masked_mean
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Reply, Sampling, draw_replies, lay_out
from alignment.methods.ppo.state import load_progress, save_progress
from alignment.methods.ppo.training import Ppo
from alignment.models.chat_template import Completion, prompt_ids
from alignment.models.loading import load_base, load_tokenizer
from alignment.models.sampling import end_ids
from reward_model.config import RewardConfig
from reward_model.fit import fit_reward, load_reward
from reward_model.rankings import Ranked
from tests.tiny_model import TURNS

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")

SMALL = {
    "episodes": 32,
    "rollout_size": 8,
    "minibatches": 2,
    "max_new_tokens": 12,
    "lora_depth": 1.0,
    "lora_r": 4,
    "learning_rate": 1e-2,
}
CLOSE = {"atol": 2e-4, "rtol": 1e-3}


def fewer_spaces(items: Sequence[tuple[Messages, str]]) -> list[float]:
    """A reward that the tiny model can learn in a moment: short words."""
    return [-5.0 * text.count(" ") / max(1, len(text)) for _, text in items]


def make_actor(tiny: Path, seed: int = 0, **config: object) -> tuple[ActorCritic, PpoConfig]:
    settings = PpoConfig.model_validate(SMALL | config)
    torch.manual_seed(seed)
    return ActorCritic(tiny, load_tokenizer(tiny), settings), settings


def make_ppo(
    tiny: Path, score: Score = fewer_spaces, texts: Sequence[Completion] = (), **config: object
) -> Ppo:
    actor, settings = make_actor(tiny, **config)
    tokenizer = load_tokenizer(tiny)
    asked = [({"role": "user", "content": user},) for user, _ in TURNS]
    prompts = [Prompt(messages, tuple(prompt_ids(tokenizer, messages))) for messages in asked]

    def decode(ids: object) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=True))

    return Ppo(actor, settings, Source(prompts, score, decode, end_ids(tiny, tokenizer), 0), texts)


def drawn(tiny: Path, actor: ActorCritic) -> list[Reply]:
    """Replies to prompts of different lengths, drawn together."""
    tokenizer = load_tokenizer(tiny)
    prompts = [tuple(prompt_ids(tokenizer, ({"role": "user", "content": user},))) for user, _ in TURNS]
    generator = torch.Generator().manual_seed(1)
    return draw_replies(actor, prompts, end_ids(tiny, tokenizer), Sampling(12, 0.9), generator)


def shake(actor: ActorCritic) -> None:
    """Give the adapter and the value head weights that do something."""
    with torch.no_grad():
        for each in (*actor.lora, *actor.value_head.parameters()):
            each.add_(0.05 * torch.randn(each.shape, generator=torch.Generator().manual_seed(each.numel())))


def test_probabilities_and_values_are_those_of_the_draw(tiny: Path) -> None:
    actor, _ = make_actor(tiny)
    shake(actor)
    replies = drawn(tiny, actor)
    assert len({len(reply.ids) for reply in replies}) > 1, "some replies should end before others"
    log_probs, values, _ = actor.evaluate(lay_out(replies, actor.pad_id), 0.9)
    for row, reply in enumerate(replies):
        torch.testing.assert_close(log_probs[row, : len(reply.ids)].detach(), reply.log_probs, **CLOSE)
        torch.testing.assert_close(values[row, : len(reply.ids)].detach(), reply.values, **CLOSE)


def test_padding_changes_no_probability(tiny: Path) -> None:
    actor, _ = make_actor(tiny)
    shake(actor)
    replies = drawn(tiny, actor)
    together, _, _ = actor.evaluate(lay_out(replies, actor.pad_id), 1.0)
    for row, reply in enumerate(replies):
        alone, _, _ = actor.evaluate(lay_out([reply], actor.pad_id), 1.0)
        torch.testing.assert_close(together[row, : len(reply.ids)], alone[0], **CLOSE)


def test_the_reference_is_the_base_whatever_the_policy_has_become(tiny: Path) -> None:
    actor, _ = make_actor(tiny)
    replies = drawn(tiny, actor)
    batch = lay_out(replies, actor.pad_id)
    before, _, _ = actor.evaluate(batch, 1.0)
    shake(actor)
    after, _, _ = actor.evaluate(batch, 1.0)
    reference, _ = actor.reference_log_probs(batch, 1.0)
    torch.testing.assert_close(reference[batch.reply_mask], before[batch.reply_mask].detach(), **CLOSE)
    assert not torch.allclose(after[batch.reply_mask], before[batch.reply_mask], atol=1e-2)
    logits = load_base(tiny)(input_ids=batch.ids[:1], attention_mask=batch.mask[:1]).logits
    assert torch.isfinite(logits).all()


def test_what_the_lower_layers_gave_is_used_again(tiny: Path) -> None:
    actor, _ = make_actor(tiny, lora_depth=0.5)
    replies = drawn(tiny, actor)
    batch = lay_out(replies, actor.pad_id)
    reference, lower = actor.reference_log_probs(batch, 1.0)
    assert lower is not None
    shake(actor)
    whole, again = (actor.evaluate(batch, 1.0, given) for given in (None, lower))
    for ours, theirs in zip(whole, again, strict=True):
        torch.testing.assert_close(ours[batch.reply_mask], theirs[batch.reply_mask], **CLOSE)
    assert not torch.allclose(whole[0][batch.reply_mask], reference[batch.reply_mask], atol=1e-2)


def test_where_the_lower_layers_cannot_be_skipped_they_are_computed_again(tiny: Path) -> None:
    actor, _ = make_actor(tiny, lora_depth=0.5)
    batch = lay_out(drawn(tiny, actor), actor.pad_id)
    decoder = actor.model.get_base_model().get_decoder()
    # As in architectures that scale what they are given before the first layer.
    decoder.register_forward_pre_hook(_doubled, with_kwargs=True)
    assert actor.reference_log_probs(batch, 1.0)[1] is None
    assert actor.reference_log_probs(batch, 1.0)[1] is None


def _doubled(
    module: torch.nn.Module, given: tuple[object, ...], named: dict[str, torch.Tensor | None]
) -> object:
    embedded = named.get("inputs_embeds")
    return given, named if embedded is None else {**named, "inputs_embeds": 2 * embedded}


def test_the_reward_model_on_the_shared_base_scores_as_it_does_alone(tiny: Path, tmp_path: Path) -> None:
    rankings = [
        Ranked(({"role": "user", "content": user},), (reply, "No."), (0, 1)) for user, reply in TURNS * 2
    ]
    fit_reward(tiny, rankings, RewardConfig(epochs=1, learning_rate=1e-2), tmp_path)
    items = [(ranked.prompt, reply) for ranked in rankings[:8] for reply in ranked.replies]
    actor, _ = make_actor(tiny)
    shake(actor)
    score = actor.add_reward(load_tokenizer(tiny), tmp_path)
    batch = lay_out(drawn(tiny, actor), actor.pad_id)
    before, _, _ = actor.evaluate(batch, 1.0)
    alone = torch.tensor(load_reward(tiny, tmp_path).score(items))
    torch.testing.assert_close(torch.tensor(score(items)), alone, **CLOSE)
    after, _, _ = actor.evaluate(batch, 1.0)
    assert torch.equal(before, after), "scoring must leave the policy as it was"
    assert all(each.requires_grad for each in actor.lora)
    trainable = sum(each.numel() for each in actor.model.parameters() if each.requires_grad)
    assert trainable == sum(each.numel() for each in actor.lora), "the reward model must not be trained"


def test_nothing_has_changed_at_the_first_minibatch(tiny: Path) -> None:
    metrics = make_ppo(tiny, passes=1, minibatches=1).update()
    assert metrics["val/ratio"] == pytest.approx(1, abs=1e-4)
    assert metrics["policy/approxkl"] == pytest.approx(0, abs=1e-6)
    assert metrics["policy/clipfrac"] == 0
    assert metrics["objective/kl"] == pytest.approx(0, abs=1e-3)


def test_one_reply_at_a_time_gives_the_gradients_of_all_at_once(tiny: Path) -> None:
    found = []
    for size in (1, 8):
        ppo = make_ppo(tiny, micro_batch_size=size)
        shake(ppo.actor)
        ppo.progress = replace(ppo.progress, updates=1)  # the first would scale the value head by a part
        ppo.accumulate(ppo.rollout()[0], list(range(8)))
        found.append(torch.cat([each.grad.flatten() for each in ppo.parameters if each.grad is not None]))
    assert float(found[0].abs().max()) > 1e-3
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-3)


def test_no_gradient_comes_from_prompts_or_padding(tiny: Path) -> None:
    actor, _ = make_actor(tiny)
    shake(actor)
    replies = drawn(tiny, actor)
    batch = lay_out(replies, actor.pad_id)
    told = (batch.mask == 1) & (
        torch.arange(batch.ids.shape[1]) >= batch.ids.shape[1] - batch.replies.shape[1]
    )
    assert torch.equal(told[:, -batch.replies.shape[1] :], batch.reply_mask)
    gradients = []
    for filler in (actor.pad_id, 7):
        ids = torch.where(batch.mask == 1, batch.ids, filler)
        log_probs, values, _ = actor.evaluate(
            replace(batch, ids=ids, replies=ids[:, -batch.replies.shape[1] :]), 1.0
        )
        actor.model.zero_grad()
        (masked_mean(log_probs, batch.reply_mask) + masked_mean(values, batch.reply_mask)).backward()  # type: ignore[no-untyped-call]
        gradients.append(torch.cat([each.grad.flatten() for each in actor.lora if each.grad is not None]))
    torch.testing.assert_close(gradients[0], gradients[1], atol=1e-6, rtol=1e-4)


def test_a_known_reward_is_learned(tiny: Path) -> None:
    ppo = make_ppo(tiny, episodes=160, rollout_size=16, kl_coef=0.01)
    for _ in range(ppo.config.updates):
        ppo.update()
    scores = ppo.progress.scores
    assert sum(scores[-3:]) / 3 > sum(scores[:2]) / 2 + 0.2


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    whole, first = make_ppo(tiny), make_ppo(tiny)
    for _ in range(4):
        whole.update()
    for _ in range(2):
        first.update()
    save_progress(tmp_path, first.progress, first.weights(), first.optimizer)
    second = make_ppo(tiny)
    found = load_progress(tmp_path, second.optimizer)
    assert found
    second.restore(*found)
    for _ in range(2):
        second.update()
    assert second.progress == whole.progress
    for ours, theirs in zip(second.parameters, whole.parameters, strict=True):
        assert torch.equal(ours, theirs)


def test_only_the_newest_state_is_kept(tiny: Path, tmp_path: Path) -> None:
    ppo = make_ppo(tiny)
    for _ in range(2):
        ppo.update()
        save_progress(tmp_path, ppo.progress, ppo.weights(), ppo.optimizer)
    assert [path.name for path in tmp_path.iterdir()] == ["update-2"]
    assert {path.suffix for path in (tmp_path / "update-2").iterdir()} == {".safetensors", ".json"}


def test_the_passes_end_once_the_policy_has_moved_too_far(tiny: Path) -> None:
    free = make_ppo(tiny, passes=4, kl_stop=None).update()
    held = make_ppo(tiny, passes=4, kl_stop=1e-6).update()
    assert free["policy/steps"] == 8
    assert held["policy/steps"] < 8


def test_texts_that_are_predicted_beside_become_likelier(tiny: Path) -> None:
    """With a reward that says nothing and a strong mix only the texts teach."""
    tokenizer = load_tokenizer(tiny)
    texts = [text_completion(tokenizer, f"{user} {reply}") for user, reply in TURNS]
    ppo = make_ppo(tiny, score=lambda items: [0.0] * len(items), texts=texts, ptx_coef=1.0)
    losses = [ppo.update()["loss/ptx"] for _ in range(4)]
    assert losses[-1] < losses[0] - 0.2


def test_a_score_that_is_not_a_number_ends_the_training_with_one_line(tiny: Path) -> None:
    ppo = make_ppo(tiny, score=lambda items: [float("nan")] * len(items))
    with pytest.raises(Diverged, match="scores that are not numbers"):
        ppo.update()


def test_an_update_tells_how_far_it_is(tiny: Path) -> None:
    shares: list[float] = []
    make_ppo(tiny, passes=1, kl_stop=None).update(shares.append)
    assert shares == [0.3, 0.4, 0.75, 1.0]
