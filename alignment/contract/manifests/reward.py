"""The manifest of a reward model, and the proof that none of its files changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from alignment.contract.files import MANIFEST, file_hash, read_json, write_json
from alignment.contract.manifests.gate import Decision
from alignment.contract.manifests.values import (
    BaseRecord,
    Record,
    count,
    items,
    mapping,
    measured,
    number,
    text,
)

KINDS = frozenset({".safetensors", ".json"})


class CorruptReward(RuntimeError):
    """A reward model that is incomplete, was altered, or holds files other than safetensors and JSON."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often the owner ranked the same pair alike the second time, with the 95 % Wilson interval of that share."""

    agreed: int
    pairs: int
    low: float
    high: float

    @classmethod
    def from_record(cls, record: Record) -> "Repeats | None":
        if not record:
            return None
        return cls(
            count(record, "agreed"), count(record, "pairs"), measured(record, "low"), measured(record, "high")
        )


@dataclass(frozen=True, slots=True)
class Bucket:
    """The accuracy on the pairs whose value (a margin or a ratio of lengths) lies in [low, high); `high` None: no upper bound."""

    low: float | None
    high: float | None
    pairs: int
    accuracy: float | None

    @classmethod
    def from_record(cls, record: Record) -> "Bucket":
        bounds = number(record, "low"), number(record, "high")
        return cls(*bounds, count(record, "pairs"), number(record, "accuracy"))


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pairs with about the same stated confidence, and the share of them on which the reward model was right."""

    confidence: float
    accuracy: float
    pairs: int

    @classmethod
    def from_record(cls, record: Record) -> "CalibrationBin":
        return cls(measured(record, "confidence"), measured(record, "accuracy"), count(record, "pairs"))


@dataclass(frozen=True, slots=True)
class RewardEvaluation:
    """What a reward model is worth on held-out pairs. `pairs` are those that it was trained on. None: not known. `stored` is the whole
    record as it was written."""

    pairs: int = 0
    heldout_pairs: int = 0
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    ece: float | None = None
    length_correlation: float | None = None
    training_kept: float | None = None
    repeats: Repeats | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    by_margin: tuple[Bucket, ...] = ()
    by_length: tuple[Bucket, ...] = ()
    stored: Record = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Record) -> "RewardEvaluation":
        return cls(
            pairs=count(record, "pairs"),
            heldout_pairs=count(record, "heldout_pairs"),
            accuracy=number(record, "accuracy"),
            accuracy_low=number(record, "accuracy_low"),
            accuracy_high=number(record, "accuracy_high"),
            ece=number(record, "ece"),
            length_correlation=number(record, "length_correlation"),
            training_kept=number(record, "training_kept"),
            repeats=Repeats.from_record(mapping(record.get("repeats"))),
            calibration=tuple(map(CalibrationBin.from_record, items(record.get("calibration")))),
            by_margin=tuple(map(Bucket.from_record, items(record.get("by_margin")))),
            by_length=tuple(map(Bucket.from_record, items(record.get("by_length")))),
            stored=record,
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return dict(self.stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardManifest:
    """`snapshot` is a hash, `config` holds the settings of the training, `versions` those of the libraries. `passed`: it is used.
    `created_at` is ISO 8601. `files` has the SHA-256 of every file but the manifest."""

    name: str = ""
    round_id: str = ""
    base: BaseRecord = field(default_factory=BaseRecord)
    snapshot: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    evaluation: RewardEvaluation = field(default_factory=RewardEvaluation)
    decision: Decision = field(default_factory=Decision)
    passed: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_record(cls, record: Record) -> "RewardManifest":
        """Of any version. Missing fields get their defaults."""
        return cls(
            name=text(record, "name"),
            round_id=text(record, "round_id"),
            base=BaseRecord.from_record(mapping(record.get("base"))),
            snapshot=text(record, "snapshot"),
            config=mapping(record.get("config")),
            seed=count(record, "seed"),
            evaluation=RewardEvaluation.from_record(mapping(record.get("evaluation"))),
            decision=Decision.from_record(mapping(record.get("decision"))),
            passed=bool(record.get("passed")),
            versions=mapping(record.get("versions")),
            created_at=text(record, "created_at"),
            files=mapping(record.get("files")),
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "round_id": self.round_id,
            "base": asdict(self.base),
            "snapshot": self.snapshot,
            "config": dict(self.config),
            "seed": self.seed,
            "evaluation": self.evaluation.record(),
            "decision": self.decision.record(),
            "passed": self.passed,
            "versions": dict(self.versions),
            "created_at": self.created_at,
            "files": dict(self.files),
        }


def write_reward(folder: Path, manifest: RewardManifest) -> RewardManifest:
    """Complete `folder` with the manifest and the hash of every file. Gives the manifest as written. Raises CorruptReward."""
    complete = replace(manifest, files=_hashes(folder))
    write_json(folder / MANIFEST, complete.record())
    return complete


def read_reward(folder: Path) -> RewardManifest:
    """The manifest of a complete reward model whose files did not change. Raises CorruptReward."""
    try:
        manifest = RewardManifest.from_record(mapping(read_json(folder / MANIFEST)))
    except (OSError, json.JSONDecodeError):
        raise CorruptReward(
            f"the reward model {folder.name} has no readable manifest: train it again"
        ) from None
    if manifest.files != _hashes(folder):
        raise CorruptReward(f"the reward model {folder.name} is not the one in its manifest: train it again")
    return manifest


def reward_hash(folder: Path) -> str:
    """Identifies the weights of a reward model. Raises CorruptReward."""
    return json.dumps(dict(read_reward(folder).files), sort_keys=True)


def _hashes(folder: Path) -> dict[str, str]:
    """Name and SHA-256 of every file but the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    for path in files:
        if path.suffix not in KINDS:
            raise CorruptReward(f"{path.name} is neither safetensors nor JSON")
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}
