"""The manifest of each stage of a round. It is written last, so a folder that has one is complete."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from alignment.contract.files import MANIFEST, read_json, write_json
from alignment.contract.manifests.values import Record, count, mapping, number, text


@dataclass(frozen=True, slots=True)
class AdapterHashes:
    """SHA-256 of an adapter's weights and of its settings, as 64 hex digits each."""

    adapter_hash: str = ""
    adapter_config_hash: str = ""

    @classmethod
    def from_record(cls, record: Record) -> "AdapterHashes":
        """From the manifest of a stage or of a checkpoint."""
        return cls(text(record, "adapter_hash"), text(record, "adapter_config_hash"))


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What a method reports about its training: the hash of the adapter that it started with, the reward model that it used
    (empty: none), and numbers of its own, such as pairs, steps and loss."""

    initial_adapter_hash: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    reward_model: str = ""

    @classmethod
    def from_record(cls, record: Record) -> "TrainingFacts":
        numbers = {name: value for name in record if (value := number(record, name)) is not None}
        return cls(text(record, "initial_adapter_hash"), numbers, text(record, "reward_model"))

    def record(self) -> dict[str, Any]:
        """As JSON."""
        named = {"reward_model": self.reward_model} if self.reward_model else {}
        return {**self.numbers, **named, "initial_adapter_hash": self.initial_adapter_hash}


@dataclass(frozen=True, slots=True)
class FreshPairsManifest:
    """The stage `draw-N`: how many prompts were answered, the pairs that they gave, the reward model that ranked the replies, the
    SHA-256 of the file of pairs, and measurements of the replies."""

    prompts: int
    pairs: int
    reward_model: str
    pairs_hash: str
    measured: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Record) -> "FreshPairsManifest":
        measured = {
            name: value for name in record if "/" in name and (value := number(record, name)) is not None
        }
        counts = count(record, "prompts"), count(record, "pairs")
        return cls(*counts, text(record, "reward_model"), text(record, "pairs_hash"), measured)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        facts = {name: value for name, value in asdict(self).items() if name != "measured"}
        return {**facts, **self.measured}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainManifest:
    """The stages `sft`, `train` and `train-N`. `scale` is what the update was multiplied by and `scale_perplexity_ratio` the perplexity
    there, as a share of the base model's; None in the stage `sft`. `sft`, `fresh` and `before` are the manifests of the stages that
    this one continued."""

    hashes: AdapterHashes
    facts: TrainingFacts
    scale: float | None = None
    scale_perplexity_ratio: float | None = None
    sft: "TrainManifest | None" = None
    fresh: FreshPairsManifest | None = None
    before: "TrainManifest | None" = None

    @property
    def changed(self) -> bool:
        """Whether training changed the adapter."""
        return self.hashes.adapter_hash != self.facts.initial_adapter_hash

    @classmethod
    def from_record(cls, record: Record) -> "TrainManifest":
        own = {name: value for name, value in record.items() if name not in SCALES}
        sft, fresh, before = (mapping(record.get(name)) for name in ("sft", "fresh", "before"))
        return cls(
            hashes=AdapterHashes.from_record(record),
            facts=TrainingFacts.from_record(own),
            scale=number(record, "scale"),
            scale_perplexity_ratio=number(record, "scale_perplexity_ratio"),
            sft=cls.from_record(sft) if sft else None,
            fresh=FreshPairsManifest.from_record(fresh) if fresh else None,
            before=cls.from_record(before) if before else None,
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        stages = {"sft": self.sft, "fresh": self.fresh, "before": self.before}
        scales = {"scale": self.scale, "scale_perplexity_ratio": self.scale_perplexity_ratio}
        return {
            **asdict(self.hashes),
            **self.facts.record(),
            **{name: value for name, value in scales.items() if value is not None},
            **{name: manifest.record() for name, manifest in stages.items() if manifest},
        }


SCALES = ("scale", "scale_perplexity_ratio")


@dataclass(frozen=True, slots=True)
class PublishManifest:
    """The stage `publish`: the checkpoint that it made."""

    checkpoint: str

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class GateManifest:
    """The stage `gate`: whether the checkpoint passed."""

    promote: bool

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RewardStageManifest:
    """The stage `reward`: the reward model that it trained, and whether it is used."""

    reward_model: str
    passed: bool

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


StageManifest = TrainManifest | FreshPairsManifest | PublishManifest | GateManifest | RewardStageManifest


def is_complete(folder: Path) -> bool:
    """Whether the stage in the folder has finished."""
    return (folder / MANIFEST).exists()


def complete_stage(folder: Path, manifest: StageManifest) -> None:
    """Write the manifest that completes the folder."""
    write_json(folder / MANIFEST, manifest.record())


def read_training(folder: Path) -> TrainManifest:
    """The manifest of a training stage. Raises OSError, json.JSONDecodeError."""
    return TrainManifest.from_record(read_json(folder / MANIFEST))


def read_fresh_pairs(folder: Path) -> FreshPairsManifest:
    """The manifest of a stage `draw-N`. Raises OSError, json.JSONDecodeError."""
    return FreshPairsManifest.from_record(read_json(folder / MANIFEST))


def read_adapter_hashes(folder: Path) -> AdapterHashes:
    """The hashes in the manifest of a training stage or of a checkpoint. Raises OSError, json.JSONDecodeError."""
    return AdapterHashes.from_record(read_json(folder / MANIFEST))
