"""The reward model of a round: in the gate, where it scores what candidate and champion reply to the same prompts, and
as the teacher of methods that learn from rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alignment.checkpoints.registry import base_hash
from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.reward import read_reward, reward_hash
from alignment.contract.requirements import NO_REWARD_MODEL
from alignment.contract.snapshot import Messages
from alignment.contract.spec import RoundSpec
from alignment.models.chat_template import Tokenizer
from reward_model.fit import Reward, load_reward


@dataclass(frozen=True)
class Judge:
    """The reward model in `folder`, loaded at its first use, and the prompts that are replied to."""

    folder: Path
    base_dir: Path
    tokenizer: Tokenizer
    prompts: Sequence[Messages]

    def rewards(self, replies: Sequence[list[int]]) -> list[float]:
        """The reward of one reply (token ids) to each prompt, in log odds."""
        texts = [self.tokenizer.decode(reply, skip_special_tokens=True) for reply in replies]
        return self._model.score(list(zip(self.prompts, texts, strict=True)))

    @cached_property
    def hash(self) -> str:
        """Names the weights. Raises CorruptReward where they are not those of the manifest."""
        return reward_hash(self.folder)

    @cached_property
    def _model(self) -> Reward:
        return load_reward(self.base_dir, self.folder)


def judge_of(spec: RoundSpec, tokenizer: Tokenizer, prompts: Sequence[Messages]) -> Judge | None:
    """The reward model that speaks in this round's gate."""
    folder = reward_folder(spec)
    return Judge(folder, spec.base_dir, tokenizer, prompts) if folder else None


def reward_folder(spec: RoundSpec) -> Path | None:
    """The reward model of this round: its own where it is good enough, else the current one."""
    if spec.policy.reward and spec.reward_dir and read_reward(spec.reward_dir).passed:
        return spec.reward_dir
    return spec.current_reward


def teacher_folder(spec: RoundSpec) -> Path:
    """The reward model that a method may train against. Raises RoundRefused where there is none, or of another base,
    CorruptReward."""
    folder = reward_folder(spec)
    if folder is None and spec.policy.reward:
        raise RoundRefused("the reward model of this round is no better than chance: rank more replies")
    if folder is None:
        raise RoundRefused(NO_REWARD_MODEL)
    if read_reward(folder).base.hash != base_hash(spec.base_dir):
        raise RoundRefused(
            f"the reward model {folder.name} is of another base model: train one for this base first, "
            "or set reward to true"
        )
    return folder
