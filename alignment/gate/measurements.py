"""The gate's measurements of a published candidate, in the order that needs the least memory."""

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
from alignment.gate.reward_judge import Judge, judge_of
from alignment.gate.tone import Warmth, tone_evidence, warmth
from alignment.models.chat_template import Tokenizer, prompt_ids
from alignment.models.loading import load_adapter, load_base
from alignment.models.sampling import Draw, end_ids


def measure(work: RoundContext) -> evaluate.Measured:
    """Everything the gate decides on, for the checkpoint that the publish stage made."""
    spec, tokenizer = work.spec, work.tokenizer
    adapter_dir = spec.checkpoint_dir / "adapter"
    found = _replies(work, adapter_dir)
    prompts, replies = found.prompts, found.replies
    _tell(work, 0.5, "Measuring how likely its replies are under the base")
    nll, usual = own_and_usual_nll(work, adapter_dir, prompts)
    _tell(work, 0.6, "Measuring KL from the base")
    model = load_adapter(load_base(spec.base_dir), adapter_dir)
    kl = evaluate.mean_kl(model, completions(prompts, replies), tokenizer.pad_token_id)
    _tell(work, 0.7, "Measuring agreement on held-out pairs")
    accuracy = evaluate.heldout_accuracy(
        model, tokenizer, work.snapshot.heldout, end_ids(spec.base_dir, tokenizer)
    )
    del model
    _tell(work, 0.8, "Measuring perplexity")
    base, tuned = perplexity_of(work, None), perplexity_of(work, adapter_dir)
    length = evaluate.mean_length(replies)
    return evaluate.Measured(
        accuracy, kl, length, found.champion_length, tuned, base, nll, usual, found.reward, found.tone
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """Prompts and the candidate's replies as token ids, the champion's mean length, what a reward model, if there is one, says of both, and
    which of them is the warmer one."""

    prompts: list[list[int]]
    replies: list[list[int]]
    champion_length: float
    reward: RewardEvidence | None
    tone: ToneEvidence | None


@dataclass(frozen=True, slots=True)
class Heard:
    """The champion's replies: their mean length in tokens, their rewards where there is a judge, and how warm each is."""

    length: float
    rewards: list[float]
    warmth: list[Warmth]


def _replies(work: RoundContext, adapter_dir: Path) -> Compared:
    """The reward model is let go on return."""
    spec, tokenizer = work.spec, work.tokenizer
    asked = evaluate.gate_prompts(
        evaluate.read_questions(spec.heldout_prompts), spec.system_prompt, spec.policy.gate_prompts
    )
    prompts = [prompt_ids(tokenizer, messages) for messages in asked]
    judge = judge_of(spec, tokenizer, asked)
    _tell(work, 0.0, "Drawing the candidate's replies")
    replies = list(_told(work, draw(work, adapter_dir, prompts, _plain(work)), len(prompts), 0.0))
    _tell(work, 0.25, "Drawing the champion's replies")
    before = _champion(work, prompts, judge)
    reward = reward_evidence(judge.rewards(replies), before.rewards) if judge else None
    tone = tone_evidence(_warmth(tokenizer, replies), before.warmth)
    return Compared(prompts, replies, before.length, reward, tone)


def perplexity_of(work: RoundContext, adapter_dir: Path | None) -> dict[str, float]:
    """Perplexity of a version (None: the base) on the pack, per domain and over all. Measured once per version."""
    spec = work.spec
    pack = evaluate.read_pack(spec.perplexity_pack)
    key = {
        "what": "perplexity",
        "base": base_hash(spec.base_dir),
        "adapter": asdict(adapter_hashes(adapter_dir)) if adapter_dir else None,
        "pack": file_hash(spec.perplexity_pack),
    }

    def compute() -> dict[str, float]:
        base = load_base(spec.base_dir)
        model = load_adapter(base, adapter_dir) if adapter_dir else base
        return evaluate.perplexities(model, work.tokenizer, pack)

    return remembered(work.memory_dir, key, compute)


def _warmth(tokenizer: Tokenizer, replies: Sequence[list[int]]) -> list[Warmth]:
    return [warmth(tokenizer.decode(reply, skip_special_tokens=True)) for reply in replies]


def _champion(work: RoundContext, prompts: Prompts, judge: Judge | None) -> Heard:
    """What the champion replies to the same prompts."""
    spec = work.spec
    champion = spec.champion_adapter
    key = {
        "what": "length and warmth",
        "base": base_hash(spec.base_dir),
        "adapter": asdict(adapter_hashes(champion)) if champion else None,
        **drawn_key(spec, prompts, champion),
        "judge": judge.hash if judge else None,
    }

    def compute() -> dict[str, float]:
        drawn = list(_told(work, draw(work, champion, prompts, _plain(work)), len(prompts), 0.25))
        rewards = judge.rewards(drawn) if judge else []
        warm = _warmth(work.tokenizer, drawn)
        return (
            {"length": evaluate.mean_length(drawn)}
            | {f"reward {i}": value for i, value in enumerate(rewards)}
            | {f"markers {i}": one.markers for i, one in enumerate(warm)}
            | {f"words {i}": one.words for i, one in enumerate(warm)}
        )

    found, places = remembered(work.memory_dir, key, compute), range(len(prompts))
    rewards = [found[f"reward {i}"] for i in places] if judge else []
    warm = [Warmth(int(found[f"markers {i}"]), int(found[f"words {i}"])) for i in places]
    return Heard(found["length"], rewards, warm)


def _plain(work: RoundContext) -> Draw:
    return Draw(work.spec.policy.gate_max_new_tokens, work.spec.seed)


def _told(work: RoundContext, replies: Iterator[list[int]], count: int, begin: float) -> Iterator[list[int]]:
    """The replies, reported as they come: a quarter of the gate's work."""
    for number, reply in enumerate(replies, 1):
        if number % 8 == 0:
            _tell(work, begin + 0.25 * number / count, "")
        yield reply


def _tell(work: RoundContext, fraction: float, message: str) -> None:
    work.stop.check()
    work.events.emit("gate", round(100 * fraction), 100, message=message)
