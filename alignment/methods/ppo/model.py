"""Policy, reference and reward model on one base in memory: LoRA adapters that take turns, and a value head.

The policy is the adapter `default`. The reference is the base with its adapters off or, after a parent, a frozen copy of the
parent's adapter. The reward model is the adapter `reward` with its own score head.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model

from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.snapshot import Messages
from alignment.methods.ppo.frozen_layers import LowerLayers
from alignment.methods.ppo.rollout import Batch, right_padded
from alignment.models import adapter
from alignment.models.chat_template import Completion, Tokenizer
from alignment.models.loading import Model, load_base
from reward_model.shared_base import load_reward_beside

POLICY, REFERENCE, REWARD = "default", "reference", "reward"
Tensor = torch.Tensor


class ValueHead(torch.nn.Module):
    """From the hidden state that a token is drawn from to the return that is expected, in float32. It begins at zero.

    Each dimension is standardised first: a few dimensions of hidden states are a hundred times larger than the rest.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))
        self.linear = torch.nn.Linear(size, 1)
        torch.nn.init.zeros_(self.linear.weight)
        torch.nn.init.zeros_(self.linear.bias)

    def standardise(self, hidden: Tensor) -> None:
        """Take mean and deviation from hidden states [states, size]."""
        self.mean = hidden.float().mean(0)
        self.deviation = hidden.float().std(0, correction=0).clamp_min(1e-3)

    def forward(self, hidden: Tensor) -> Tensor:
        """`hidden` [..., size] to values [...]."""
        # Divided by the root of the size, so that the rate of learning does not depend on it.
        scaled = (hidden.float() - self.mean) / self.deviation / self.mean.numel() ** 0.5
        value: Tensor = self.linear(scaled).squeeze(-1)
        return value


class ActorCritic:
    """The models of PPO."""

    def __init__(
        self,
        base_dir: Path,
        tokenizer: Tokenizer,
        config: PolicyConfig,
        parent: Path | None = None,
    ) -> None:
        base = load_base(base_dir)
        if parent:
            self.model: Model = adapter.continue_adapter(base, parent)
            self.model.load_adapter(str(parent), adapter_name=REFERENCE, is_trainable=False)
        else:
            self.model = get_peft_model(base, adapter.lora_config(config, base))
        self._has_reference = parent is not None
        self.model.set_adapter(POLICY)
        self.model.eval()  # no dropout anywhere: probabilities are compared
        self.lora = [each for each in self.model.parameters() if each.requires_grad]
        self.value_head = ValueHead(int(base.config.get_text_config().hidden_size)).to(base.device)
        self.device = str(base.device)
        self._output = base.get_output_embeddings()
        self._lower = LowerLayers(self.model, (POLICY, REFERENCE))
        self._tried = False
        self.pad_id = int(tokenizer.pad_token_id)

    def hidden_and_logits(
        self, ids: Tensor, mask: Tensor, keep: int, lower: Tensor | None = None, **options: object
    ) -> tuple[Tensor, Tensor, Any]:
        """The hidden states [rows, keep, size] of the last `keep` positions and their logits [rows, keep, vocabulary] in float32,
        and the cache, if one was asked for. `mask` may be longer than `ids`: it then covers what is in the cache too. `lower`
        is the output of the layers without adapters for the same ids."""
        positions = (mask.cumsum(-1) - 1).clamp_min(0)[:, -ids.shape[1] :]
        model_input = {"input_ids": ids} if lower is None else {"inputs_embeds": lower}
        with (
            _input_of(self._output) as captured,
            self._lower.skipped() if lower is not None else nullcontext(),
        ):
            out = self.model(
                attention_mask=mask, position_ids=positions, logits_to_keep=keep, **model_input, **options
            )
        return captured[0], out.logits.float(), out.get("past_key_values")

    def evaluate(
        self, batch: Batch, temperature: float, lower: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probabilities, values and entropies of the tokens of replies, each [replies, tokens], with their gradient (the
        entropies without). Values at padding are undefined."""
        hidden, logits, _ = self.hidden_and_logits(
            batch.ids, batch.mask, batch.replies.shape[1] + 1, lower, use_cache=False
        )
        logits = logits[:, :-1] / temperature
        log_probs = _chosen_log_probs(logits, batch.replies)
        return log_probs, self.value_head(hidden[:, :-1]), _entropies(logits.detach())

    def text_loss(self, texts: Sequence[Completion]) -> Tensor:
        """Mean negative log-probability of the tokens of texts, with its gradient: the pretraining objective."""
        rows = [torch.tensor(text.ids) for text in texts]
        ids = right_padded(rows, self.pad_id).to(self.device)
        mask = right_padded([torch.ones_like(row) for row in rows], 0).to(self.device)
        _, logits, _ = self.hidden_and_logits(ids, mask, ids.shape[1], use_cache=False)
        at = mask[:, 1:].bool()
        return -_chosen_log_probs(logits[:, :-1], ids[:, 1:])[at].mean()

    @torch.no_grad()
    def reference_log_probs(self, batch: Batch, temperature: float) -> tuple[Tensor, Tensor | None]:
        """Log-probabilities [replies, tokens] of the same replies under the reference, and the output of the layers without adapters,
        [replies, prompt + reply, size]."""
        keep = batch.replies.shape[1] + 1
        with self._reference():
            if not self._lower:
                _, logits, _ = self.hidden_and_logits(batch.ids, batch.mask, keep, use_cache=False)
                return _chosen_log_probs(logits[:, :-1] / temperature, batch.replies), None
            with self._lower.kept() as captured:
                _, logits, _ = self.hidden_and_logits(batch.ids, batch.mask, keep, use_cache=False)
            if not self._tried:
                self._try_lower(batch, captured[0], logits)
        return _chosen_log_probs(logits[:, :-1] / temperature, batch.replies), captured[
            0
        ] if self._lower else None

    def _try_lower(self, batch: Batch, lower: Tensor, logits: Tensor) -> None:
        """Architectures differ, so the cached output is used only after a test has shown that it gives the same logits."""
        _, again, _ = self.hidden_and_logits(batch.ids, batch.mask, logits.shape[1], lower, use_cache=False)
        at = batch.mask[:, -logits.shape[1] :].bool()
        if not torch.allclose(again[at], logits[at], atol=1e-2, rtol=1e-2):
            self._lower.forget()
        self._tried = True

    def add_reward(
        self, tokenizer: Tokenizer, folder: Path
    ) -> Callable[[Sequence[tuple[Messages, str]]], list[float]]:
        """The trained reward model in `folder` on the same base, as a function from prompts and replies to scores. Raises
        OSError, ValueError where it is broken or of another base."""
        reward = load_reward_beside(self.model, tokenizer, folder, REWARD)
        self.model.set_adapter(POLICY)

        def score(items: Sequence[tuple[Messages, str]]) -> list[float]:
            with self._active(REWARD):
                return reward.score(items)

        return score

    @contextmanager
    def _reference(self) -> Iterator[None]:
        with self._active(REFERENCE) if self._has_reference else self.model.disable_adapter():
            yield

    @contextmanager
    def _active(self, name: str) -> Iterator[None]:
        self.model.set_adapter(name, inference_mode=True)
        try:
            yield
        finally:
            self.model.set_adapter(POLICY)


@contextmanager
def _input_of(part: torch.nn.Module) -> Iterator[list[Tensor]]:
    """What the part is called with, within: so the value head reads what the output layer reads, in every architecture."""
    captured: list[Tensor] = []
    hook = part.register_forward_pre_hook(lambda _, inputs: captured.append(inputs[0]))
    try:
        yield captured
    finally:
        hook.remove()


def _chosen_log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    return logits.gather(-1, tokens[..., None]).squeeze(-1) - logits.logsumexp(-1)


@torch.no_grad()
def _entropies(logits: Tensor) -> Tensor:
    log_probs = logits.log_softmax(-1)
    return -(log_probs.exp() * log_probs).sum(-1)
