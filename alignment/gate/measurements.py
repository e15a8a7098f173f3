"""Measures a published candidate, in the order that needs the least memory."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from alignment.checkpoints.registry import adapter_hashes, base_hash
from alignment.context import RoundContext
from alignment.contract.files import file_hash
from alignment.contract.manifests.gate import RewardEvidence, ToneEvidence
from alignment.gate import evaluation as evaluate
from alignment.gate.decision import reward_evidence
from alignment.gate.fluency import own_and_usual_nll
from alignment.gate.measurement_cache import remembered
from alignment.gate.replies import Prompts, completions, draw, drawn_key
from alignment.gate.reward_judge import RewardJudge, reward_judge
from alignment.gate.tone import Warmth, tone_evidence, warmth
from alignment.models.chat_template import Tokenizer, prompt_ids
from alignment.models.loading import load_adapter, load_base
from alignment.models.sampling import Draw, end_ids


def measure(context: RoundContext) -> evaluate.Measured:
    """Everything the gate decides on, for the checkpoint that the publish stage made."""
    tokenizer, adapter_dir = context.tokenizer, context.candidate_adapter
    compared = _replies(context, adapter_dir)
    prompts, replies = compared.prompts, compared.replies
    _report(context, 0.5, "Measuring how likely its replies are under the base")
    nll, usual = own_and_usual_nll(context, adapter_dir, prompts)
    _report(context, 0.6, "Measuring KL from the base")
    model = load_adapter(load_base(context.base_dir), adapter_dir)
    kl = evaluate.mean_kl(model, completions(prompts, replies), tokenizer.pad_token_id)
    pairs, ends = context.snapshot.heldout, end_ids(context.base_dir, tokenizer)
    accuracy = evaluate.heldout_accuracy(
        model,
        tokenizer,
        pairs,
        ends,
        lambda share: _report(context, 0.7 + 0.1 * share, "Measuring agreement on held-out pairs"),
    )
    del model
    _report(context, 0.8, "Measuring perplexity")
    base, tuned = perplexity_of(context, None), perplexity_of(context, adapter_dir)
    length = evaluate.mean_length(replies)
    return evaluate.Measured(
        accuracy,
        kl,
        length,
        compared.champion_length,
        tuned,
        base,
        nll,
        usual,
        compared.reward,
        compared.tone,
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """Prompts and the candidate's replies as token ids, the champion's mean length in tokens, and the evidence of the reward model, if there is
    one, and of the tone."""

    prompts: list[list[int]]
    replies: list[list[int]]
    champion_length: float
    reward: RewardEvidence | None
    tone: ToneEvidence | None


@dataclass(frozen=True, slots=True)
class ChampionReplies:
    """The champion's replies: their mean length in tokens, their rewards (empty without a reward model), and the warmth of each."""

    length: float
    rewards: list[float]
    warmth: list[Warmth]


def _replies(context: RoundContext, adapter_dir: Path) -> Compared:
    """The reward model is freed on return."""
    tokenizer = context.tokenizer
    asked = evaluate.gate_prompts(
        evaluate.read_questions(context.packs.heldout_prompts),
        context.system_prompt,
        context.policy.gate_prompts,
    )
    prompts = [prompt_ids(tokenizer, messages) for messages in asked]
    judge = reward_judge(context, asked)
    _report(context, 0.0, "Writing the candidate's replies")
    replies = list(
        _with_progress(context, draw(context, adapter_dir, prompts, _plain(context)), len(prompts), 0.0)
    )
    _report(context, 0.25, "Writing the champion's replies")
    before = _champion(context, prompts, judge)
    reward = reward_evidence(judge.rewards(replies), before.rewards) if judge else None
    tone = tone_evidence(_warmth(tokenizer, replies), before.warmth)
    return Compared(prompts, replies, before.length, reward, tone)


def perplexity_of(context: RoundContext, adapter_dir: Path | None) -> dict[str, float]:
    """The perplexity of a version (None: the base model) on the pack, by domain and over all. Measured once per version."""
    pack = evaluate.read_pack(context.packs.perplexity)
    key = {
        "what": "perplexity",
        "base": base_hash(context.base_dir),
        "adapter": asdict(adapter_hashes(adapter_dir)) if adapter_dir else None,
        "pack": file_hash(context.packs.perplexity),
    }

    def compute() -> dict[str, float]:
        base = load_base(context.base_dir)
        model = load_adapter(base, adapter_dir) if adapter_dir else base
        return evaluate.perplexities(model, context.tokenizer, pack)

    return remembered(context.memory_dir, key, compute)


def _warmth(tokenizer: Tokenizer, replies: Sequence[list[int]]) -> list[Warmth]:
    return [warmth(tokenizer.decode(reply, skip_special_tokens=True)) for reply in replies]


def _champion(context: RoundContext, prompts: Prompts, judge: RewardJudge | None) -> ChampionReplies:
    """The champion's replies to the same prompts."""
    champion = context.champion_adapter
    key = {
        "what": "length and warmth",
        "base": base_hash(context.base_dir),
        "adapter": asdict(adapter_hashes(champion)) if champion else None,
        **drawn_key(context, prompts, champion),
        "judge": judge.hash if judge else None,
    }

    def compute() -> dict[str, float]:
        drawn = list(
            _with_progress(context, draw(context, champion, prompts, _plain(context)), len(prompts), 0.25)
        )
        rewards = judge.rewards(drawn) if judge else []
        warm = _warmth(context.tokenizer, drawn)
        return (
            {"length": evaluate.mean_length(drawn)}
            | {f"reward {i}": value for i, value in enumerate(rewards)}
            | {f"markers {i}": one.markers for i, one in enumerate(warm)}
            | {f"words {i}": one.words for i, one in enumerate(warm)}
        )

    numbers, places = remembered(context.memory_dir, key, compute), range(len(prompts))
    rewards = [numbers[f"reward {i}"] for i in places] if judge else []
    warm = [Warmth(int(numbers[f"markers {i}"]), int(numbers[f"words {i}"])) for i in places]
    return ChampionReplies(numbers["length"], rewards, warm)


def _plain(context: RoundContext) -> Draw:
    return Draw(context.policy.gate_max_new_tokens, context.seed)


def _with_progress(
    context: RoundContext, replies: Iterator[list[int]], count: int, begin: float
) -> Iterator[list[int]]:
    """The replies, with progress events. They take about a quarter of the gate's time."""
    for number, reply in enumerate(replies, 1):
        if number % 8 == 0:
            _report(context, begin + 0.25 * number / count, "")
        yield reply


def _report(context: RoundContext, fraction: float, message: str) -> None:
    context.stop.check()
    context.events.emit("gate", round(100 * fraction), 100, message=message)
