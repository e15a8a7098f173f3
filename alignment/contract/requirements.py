"""What each method learns from: a round that lacks it is refused before anything large is loaded. Pure."""

from collections.abc import Callable

from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.methods import RoundRefused
from alignment.contract.ratings import one_sided, rated_replies
from alignment.contract.snapshot import InvalidSnapshot, Snapshot
from alignment.contract.spec import RoundSpec

NO_REWARD_MODEL = "there is no reward model of this base model yet: train one first, or set reward to true"
Need = Callable[[RoundSpec, Snapshot], None]


def refuse_lacking(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raise RoundRefused unless the round has what its method and the stages before it learn from."""
    NEEDS[spec.method](spec, snapshot)
    if spec.policy.reward:
        need_pairs(spec, snapshot)
    if spec.repeats:
        need_reward_model(spec, snapshot)
    if spec.policy.sft_first:
        need_demonstrations(spec, snapshot)


def need_pairs(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raises InvalidSnapshot."""
    if len(snapshot.train) < _needed(spec):
        raise InvalidSnapshot(
            f"only {len(snapshot.train)} training pairs, and a round needs {_needed(spec)}: rank more replies"
        )


def need_demonstrations(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raises InvalidSnapshot."""
    count = len(snapshot.demonstrations)
    if count < _needed(spec):
        raise InvalidSnapshot(
            f"only {count} demonstrations to train on, and a round needs {_needed(spec)}: "
            "edit replies in the arena, or import some"
        )


def need_ratings(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raises InvalidSnapshot."""
    ratings = rated_replies(snapshot)
    if len(ratings) < _needed(spec):
        raise InvalidSnapshot(
            f"only {len(ratings)} rated replies to train on, and a round needs {_needed(spec)}: "
            "rate replies in the chat, or rank some"
        )
    if problem := one_sided(ratings):
        raise InvalidSnapshot(problem)


def need_reward_model(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raises RoundRefused. Whether it is of this base is seen where it is opened."""
    if spec.current_reward is None and not spec.policy.reward:
        raise RoundRefused(NO_REWARD_MODEL)


def need_for_ppo(spec: RoundSpec, snapshot: Snapshot) -> None:
    """A reward model, and texts where they are to be predicted beside. Raises RoundRefused."""
    need_reward_model(spec, snapshot)
    if spec.settings(PpoConfig).ptx_coef > 0 and spec.pretraining_texts is None:
        raise RoundRefused(
            "ptx_coef is above 0 and there is no file of texts: set CODELYNN_PRETRAINING_TEXTS"
        )


def _needed(spec: RoundSpec) -> int:
    return max(spec.min_pairs, 1)


NEEDS: dict[str, Need] = {
    "dpo": need_pairs,
    "kto": need_ratings,
    "ppo": need_for_ppo,
    "rloo": need_reward_model,
    "sft": need_demonstrations,
}
