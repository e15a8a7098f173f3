"""The manifest of a base model: where it came from, the hash of its weights, and the engines that answered with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from alignment.contract.files import MANIFEST, read_json, write_json
from alignment.contract.manifests.values import Record, mapping, text

Conversion = Literal["", "int8", "none"]
"""The format of the conversion; `none`: CTranslate2 cannot convert the model; empty: not tried yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseManifest:
    """`hash` is that of the weights, `versions` those of the libraries. `created_at` is ISO 8601."""

    name: str
    slug: str = ""
    source: str = ""
    architecture: Sequence[str] = ()
    hash: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    conversion: Conversion = ""
    answered: tuple[str, ...] = ()

    @classmethod
    def from_record(cls, record: Record) -> "BaseManifest":
        """Of any version. Missing fields get their defaults."""
        return cls(
            name=text(record, "name"),
            slug=text(record, "slug"),
            source=text(record, "source"),
            architecture=tuple(record.get("architecture") or ()),
            hash=text(record, "hash"),
            versions=mapping(record.get("versions")),
            created_at=text(record, "created_at"),
            conversion=_conversion(text(record, "conversion")),
            answered=tuple(record.get("answered") or ()),
        )

    def record(self) -> dict[str, Any]:
        """As JSON. `conversion` and `answered` are written once they are known."""
        return {
            "name": self.name,
            "slug": self.slug,
            "source": self.source,
            "architecture": list(self.architecture),
            "hash": self.hash,
            "versions": dict(self.versions),
            "created_at": self.created_at,
            **({"conversion": self.conversion} if self.conversion else {}),
            **({"answered": list(self.answered)} if self.answered else {}),
        }


def read_base_manifest(folder: Path) -> BaseManifest:
    """The manifest in the folder of a base model. Raises OSError, json.JSONDecodeError."""
    return BaseManifest.from_record(mapping(read_json(folder / MANIFEST)))


def write_base_manifest(folder: Path, manifest: BaseManifest) -> None:
    """Write the manifest, which completes the folder."""
    write_json(folder / MANIFEST, manifest.record())


def _conversion(value: str) -> Conversion:
    match value:
        case "int8" | "none":
            return value
        case _:
            return ""
