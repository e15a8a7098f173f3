"""What a round needs to start. The service checks it before queueing a round, the trainer before training."""

from alignment.contract.amounts import Amounts, amounts_of
from alignment.contract.configs.online import OnlineConfig
from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.errors import RoundRefused
from alignment.contract.methods import Need, RoundConfig, method_named
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec

NO_REWARD_MODEL = "there is no reward model of this base model yet: train one first, or set reward to true"
NO_PRETRAINING_TEXTS = "ptx_coef is above 0 and there is no file of texts: set CODELYNN_PRETRAINING_TEXTS"


def needs_of(method: str, config: RoundConfig) -> tuple[Need, ...]:
    """What a round of this method needs, with the stages that its settings add. Raises InvalidConfig."""
    needs = list(method_named(method).needs)
    if isinstance(config, PolicyConfig):
        if isinstance(config, OnlineConfig) and config.online_repeats:
            needs.append("reward_model")
        if config.sft_first:
            needs.append("demonstrations")
        if config.reward:
            needs = [*(need for need in needs if need != "reward_model"), "pairs"]
        if isinstance(config, PpoConfig) and config.ptx_coef > 0:
            needs.append("pretraining_texts")
    return tuple(dict.fromkeys(needs))


def lacking(needs: tuple[Need, ...], amounts: Amounts, needed: int) -> str:
    """Why a round cannot start and what to do, in one line; empty if it can. `needed` is the fewest examples of each kind."""
    needed = max(needed, 1)
    return next(filter(None, (_lacks(need, amounts, needed) for need in needs)), "")


def refuse_lacking(spec: RoundSpec, snapshot: Snapshot) -> None:
    """Raise RoundRefused unless the round has what its method and its other stages learn from. Whether the reward model is of
    this base model is seen where it is opened."""
    amounts = amounts_of(snapshot, spec.current_reward is not None, spec.pretraining_texts is not None)
    if problem := lacking(needs_of(spec.method, spec.config), amounts, spec.min_pairs):
        raise RoundRefused(problem)


def _lacks(need: Need, amounts: Amounts, needed: int) -> str:
    match need:
        case "pairs":
            return _too_few(
                "preference pairs", amounts.pairs, needed, "rank more replies, or import a dataset"
            )
        case "ratings":
            return _too_few(
                "rated replies",
                amounts.rated,
                needed,
                "rate replies in the chat, rank some, or import ratings (format kto)",
            ) or _one_sided(amounts)
        case "demonstrations":
            what_to_do = "edit replies in the arena, or import some (format sft)"
            return _too_few("demonstrations", amounts.demonstrations, needed, what_to_do)
        case "reward_model":
            return "" if amounts.reward_model else NO_REWARD_MODEL
        case "pretraining_texts":
            return "" if amounts.pretraining_texts else NO_PRETRAINING_TEXTS


def _too_few(what: str, count: int, needed: int, what_to_do: str) -> str:
    if count >= needed:
        return ""
    return f"a round needs at least {needed} {what} to train on and there are {count}: {what_to_do}"


def _one_sided(amounts: Amounts) -> str:
    if amounts.pairs or (amounts.good and amounts.bad):
        return ""
    present, missing = ("good", "bad") if amounts.good else ("bad", "good")
    return (
        f"all rated replies are {present}, and KTO needs {missing} ones too: rate more replies, or rank some"
    )
