"""The reward model of a round. The gate scores the replies of candidate and champion with it; PPO, RLOO and training on fresh replies
learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from alignment.checkpoints.registry import base_hash
from alignment.context import RewardFolders, RoundContext
from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.reward import read_reward, reward_hash
from alignment.contract.requirements import NO_REWARD_MODEL
from alignment.contract.snapshot import Messages
from alignment.models.chat_template import Tokenizer
from reward_model.fit import Reward, load_reward


@dataclass(frozen=True)
class RewardJudge:
    """Scores replies to fixed prompts with the reward model in `folder`, which is loaded at its first use."""

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
        """Identifies the weights. Raises CorruptReward where a file changed."""
        return reward_hash(self.folder)

    @cached_property
    def _model(self) -> Reward:
        return load_reward(self.base_dir, self.folder)


def reward_judge(context: RoundContext, prompts: Sequence[Messages]) -> RewardJudge | None:
    """The reward model that the gate asks; None where there is none."""
    folder = reward_folder(context.reward_folders)
    return RewardJudge(folder, context.base_dir, context.tokenizer, prompts) if folder else None


def reward_folder(folders: RewardFolders) -> Path | None:
    """The reward model that this round trained, if it is good enough, else the current one."""
    if folders.own and read_reward(folders.own).passed:
        return folders.own
    return folders.current


def required_reward_folder(context: RoundContext) -> Path:
    """The reward model that a method trains against. Raises CorruptReward, and RoundRefused where there is none of this base model."""
    folder = reward_folder(context.reward_folders)
    if folder is None and context.policy.reward:
        raise RoundRefused("the reward model of this round is no better than chance: rank more replies")
    if folder is None:
        raise RoundRefused(NO_REWARD_MODEL)
    if read_reward(folder).base.hash != base_hash(context.base_dir):
        raise RoundRefused(
            f"the reward model {folder.name} is of another base model: train one for this base first, "
            "or set reward to true"
        )
    return folder
