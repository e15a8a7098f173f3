"""The manifest of a checkpoint: a LoRA adapter, where it came from, and what the gate decided about it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from alignment.contract.files import MANIFEST, read_json, write_json
from alignment.contract.manifests.gate import GateRecord
from alignment.contract.manifests.stage import AdapterHashes, TrainingFacts, TrainManifest
from alignment.contract.manifests.values import BaseRecord, Record, count, mapping, text
from alignment.contract.thresholds import Thresholds

PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
# The format of CTranslate2 also ends in .bin. It holds numbers and no code.
NOT_PICKLES = frozenset({"ct2/model.bin"})


class CorruptCheckpoint(RuntimeError):
    """A checkpoint or adapter that is incomplete, was altered, or holds files that could carry code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointManifest:
    """`parent` is the version that training started from, `champion` the one that the gate compared it with. `snapshot` is a hash,
    `config` holds the settings of the method, `versions` those of the libraries. `created_at` is ISO 8601."""

    name: str
    round_id: str = ""
    method: str = "dpo"
    parent: str = "base"
    champion: str = "base"
    base: BaseRecord = field(default_factory=BaseRecord)
    hashes: AdapterHashes = field(default_factory=AdapterHashes)
    snapshot: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    thresholds: Thresholds | None = None
    training: TrainManifest = field(
        default_factory=lambda: TrainManifest(hashes=AdapterHashes(), facts=TrainingFacts(""))
    )
    gate: GateRecord = field(default_factory=GateRecord)
    passed: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""

    @classmethod
    def from_record(cls, record: Record) -> "CheckpointManifest":
        """Of any version. Missing fields get their defaults."""
        return cls(
            name=text(record, "name"),
            round_id=text(record, "round_id"),
            method=text(record, "method", "dpo"),
            parent=text(record, "parent", "base"),
            champion=text(record, "champion", "base"),
            base=BaseRecord.from_record(mapping(record.get("base"))),
            hashes=AdapterHashes.from_record(record),
            snapshot=text(record, "snapshot"),
            config=mapping(record.get("config")),
            seed=count(record, "seed"),
            thresholds=_thresholds(mapping(record.get("thresholds"))),
            training=TrainManifest.from_record(mapping(record.get("training"))),
            gate=GateRecord.from_record(mapping(record.get("gate"))),
            passed=bool(record.get("passed")),
            versions=mapping(record.get("versions")),
            created_at=text(record, "created_at"),
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "round_id": self.round_id,
            "method": self.method,
            "parent": self.parent,
            "champion": self.champion,
            "base": asdict(self.base),
            **asdict(self.hashes),
            "snapshot": self.snapshot,
            "config": dict(self.config),
            "seed": self.seed,
            "thresholds": asdict(self.thresholds) if self.thresholds else None,
            "training": self.training.record(),
            "gate": self.gate.record(),
            "passed": self.passed,
            "versions": dict(self.versions),
            "created_at": self.created_at,
        }


def write_checkpoint_manifest(folder: Path, manifest: CheckpointManifest) -> None:
    """Write the manifest, which completes the folder. Raises CorruptCheckpoint where a file could carry code."""
    refuse_pickles(folder)
    write_json(folder / MANIFEST, manifest.record())


def read_checkpoint_manifest(folder: Path) -> CheckpointManifest:
    """The manifest of a complete checkpoint; its files are not checked. Raises CorruptCheckpoint."""
    try:
        return CheckpointManifest.from_record(mapping(read_json(folder / MANIFEST)))
    except (OSError, json.JSONDecodeError):
        raise CorruptCheckpoint(f"{folder.name} has no readable manifest: its round did not finish") from None


def refuse_pickles(folder: Path) -> None:
    """Raise CorruptCheckpoint if a file below `folder` could carry code."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if path.suffix.lower() in PICKLES and relative not in NOT_PICKLES:
            raise CorruptCheckpoint(f"{relative} may carry code; only safetensors are read")


def _thresholds(record: Record) -> Thresholds | None:
    names = {each.name for each in fields(Thresholds)}
    return Thresholds(**{name: record[name] for name in names & set(record)}) if record else None
