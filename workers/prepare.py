"""Prepares a round before its trainer starts: the base model, a snapshot of the rankings, and `spec.json`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

from alignment.contract.methods import MethodName, round_config
from alignment.contract.snapshot.schema import MANIFEST
from alignment.contract.spec import SPEC_FILE, RoundSpec, read_spec, write_spec
from alignment.contract.thresholds import Thresholds
from alignment.models.base_model import BaseModel, prepare_base, unasked
from feedback_app.domain.persona import read_persona
from feedback_app.domain.round import Round
from feedback_app.engines.selection import cannot_answer
from feedback_app.formats import kto, sft
from feedback_app.services.dataset.unpaired_feedback import chat_edits, stored_ratings
from feedback_app.services.reward.reward_models import RewardModelRegistry
from feedback_app.settings import Settings
from feedback_app.store import Store
from workers import attempts
from workers.plan import planned_round
from workers.snapshot import UnpairedFeedback, export_rows
from workers.snapshot_progress import SnapshotProgress


def base_model(settings: Settings) -> BaseModel:
    """The base model, prepared if it is not yet. Raises BaseModelUnavailable."""
    convert = settings.engine in ("auto", "ctranslate2") and not settings.engine_url
    answers = unasked if settings.engine_url else cannot_answer
    return prepare_base(settings.base_model, settings.root / "models", convert, lambda *_: None, answers)


def prepare_round(
    settings: Settings,
    store: Store,
    claimed: Round,
    base: BaseModel,
    check: Callable[[], None] = lambda: None,
) -> RoundSpec:
    """Write the snapshot, and the spec into the folder of the attempt. A resumed round keeps its snapshot and settings, since what it has
    trained so far depends on them. `check` is called all the while; what it raises ends the preparation. Raises RoundRefused,
    CheckpointNotFound, StaleFence."""
    folder = attempts.begin(round_folder(settings, claimed.id), claimed.fence)
    if (folder / SPEC_FILE).exists():
        before = read_spec(folder)
        if (before.snapshot_dir / MANIFEST).exists():
            mine = make_spec(settings, store, claimed, base, before.snapshot_dir)
            spec = attempts.taken_over(folder, before, mine)
            write_spec(folder, spec)
            return spec
    claimed, planned = planned_round(settings, store, claimed, base)
    progress = SnapshotProgress.of(store, claimed, folder, planned, check)
    snapshot = export_rows(
        store.training.rows(),
        settings.heldout_fraction,
        settings.root / "snapshots",
        unpaired_feedback(settings, store),
        progress,
    )
    progress.finished()
    store.rounds.set_snapshot(claimed.id, claimed.fence, snapshot.hash)
    spec = make_spec(settings, store, claimed, base, snapshot.folder)
    spec = replace(spec, expected_seconds=planned.expected)
    write_spec(folder, spec)
    return spec


def make_spec(
    settings: Settings, store: Store, claimed: Round, base: BaseModel, snapshot_dir: Path
) -> RoundSpec:
    """Raises InvalidConfig, CheckpointNotFound, UnknownPersona."""
    config = round_config(claimed.method, claimed.config)
    parent = store.checkpoints.resolve(claimed.parent)
    champion = store.checkpoints.resolve("champion")
    name = checkpoint_name(claimed)
    return RoundSpec(
        round_id=claimed.id,
        method=cast(MethodName, claimed.method),  # round_config knows it
        seed=config.seed,
        base_dir=base.hf_dir,
        base_name=base.name,
        parent=parent,
        parent_adapter=_adapter(store, parent),
        champion=champion,
        champion_adapter=_adapter(store, champion),
        snapshot_dir=snapshot_dir,
        checkpoint_name=name,
        checkpoint_dir=settings.root / "checkpoints" / name / attempts.attempt_name(claimed.fence),
        system_prompt=read_persona(settings.personas, settings.persona).system_prompt,
        threads=settings.train_threads,
        processes=settings.train_processes,
        convert=base.ct2_dir is not None,
        config=config,
        thresholds=thresholds(settings),
        perplexity_pack=settings.gate_packs / "perplexity.jsonl",
        heldout_prompts=settings.gate_packs / "heldout_prompts.jsonl",
        pretraining_texts=settings.pretraining_texts and settings.pretraining_texts.resolve(),
        prompt_packs=tuple(sorted(settings.prompt_packs.glob("*.jsonl"))),
        min_pairs=settings.min_pairs,
        reward_dir=rewards_folder(settings) / reward_name(claimed),
        current_reward=RewardModelRegistry(rewards_folder(settings)).current_folder(base.hash),
    )


def unpaired_feedback(settings: Settings, store: Store) -> UnpairedFeedback:
    """Ratings and demonstrations to train on, without the edits in the arena, which come with their comparisons. Replies that an
    import would refuse, such as empty ones, are left out."""
    persona = partial(read_persona, settings.personas)
    demonstrations = chain(store.demonstrations.all(), chat_edits(store, persona))
    return UnpairedFeedback(
        filter(kto.carried, stored_ratings(store, persona)), filter(sft.carried, demonstrations)
    )


def rewards_folder(settings: Settings) -> Path:
    return settings.root / "rewards"


def round_folder(settings: Settings, round_id: str) -> Path:
    return settings.root / "rounds" / round_id


def attempt_folder(settings: Settings, claimed: Round) -> Path:
    return round_folder(settings, claimed.id) / attempts.attempt_name(claimed.fence)


def reward_name(claimed: Round) -> str:
    """A new name for each attempt; that of the first has no number."""
    again = f"-{claimed.fence}" if claimed.fence > 1 else ""
    return f"reward-{claimed.created_at:%Y%m%d}-{claimed.id[:6]}{again}"


def checkpoint_name(claimed: Round) -> str:
    """The same for all attempts of a round."""
    return f"{claimed.method}-{claimed.created_at:%Y%m%d}-{claimed.id[:6]}"


def thresholds(settings: Settings) -> Thresholds:
    return Thresholds(
        min_accuracy=settings.gate_min_accuracy,
        min_heldout_pairs=settings.gate_min_heldout_pairs,
        max_kl=settings.gate_max_kl,
        min_length_ratio=settings.gate_min_length_ratio,
        max_length_ratio=settings.gate_max_length_ratio,
        max_perplexity_ratio=settings.gate_max_perplexity_ratio,
        max_nll_rise=settings.gate_max_nll_rise,
    )


def _adapter(store: Store, version: str) -> Path | None:
    return None if version == "base" else Path(store.checkpoints.get(version).path) / "adapter"
