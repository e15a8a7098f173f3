"""The files of a snapshot, their columns, the manifest, and the values that the trainer reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow

from alignment.contract.files import MANIFEST as MANIFEST
from reward_model.rankings import MESSAGE
from reward_model.rankings import RANKINGS as RANKINGS
from reward_model.rankings import SCHEMA as RANKINGS_SCHEMA

Messages = tuple[dict[str, str], ...]
"""A conversation: {"role", "content"} of each turn."""

PAIRS, RATINGS, DEMONSTRATIONS = "pairs.parquet", "ratings.parquet", "demonstrations.parquet"
FORMAT = 5
FORMAT_WITH_SINGLE_REPLIES = 3
"""Snapshots before it hold neither ratings nor demonstrations; a resumed round may still have one."""
FORMAT_WITH_CUTS = 4
"""Snapshots before it do not say which replies were cut."""
FORMAT_WITH_ANNOTATORS = 5
"""Snapshots before it have one file per table and do not say who ranked a pair."""
SHARD_BYTES = 256 * 2**20
"""The largest size of a file. A larger table continues in `pairs-1.parquet`, `pairs-2.parquet` and so on."""
COUNTS = (
    "comparisons", "rankings", "pairs", "train", "heldout", "ties", "all_bad", "identical", "ratings", "demonstrations",
)  # fmt: skip
"""What a manifest counts; `train` and `heldout` are pairs, `identical` pairs of equal replies, which are left out."""

PAIRS_SCHEMA = pyarrow.schema(
    [
        ("prompt", pyarrow.list_(MESSAGE)),
        ("chosen", pyarrow.string()),
        ("rejected", pyarrow.string()),
        ("chosen_cut", pyarrow.bool_()),
        ("rejected_cut", pyarrow.bool_()),
        ("split", pyarrow.string()),
        ("comparison_id", pyarrow.string()),
        ("annotator", pyarrow.string()),
    ]
)
DEMONSTRATIONS_SCHEMA = pyarrow.schema(
    [("prompt", pyarrow.list_(MESSAGE)), ("reply", pyarrow.string()), ("split", pyarrow.string())]
)
RATINGS_SCHEMA = DEMONSTRATIONS_SCHEMA.append(pyarrow.field("good", pyarrow.bool_()))
SCHEMAS: Mapping[str, pyarrow.Schema] = {
    PAIRS: PAIRS_SCHEMA,
    RANKINGS: RANKINGS_SCHEMA,
    RATINGS: RATINGS_SCHEMA,
    DEMONSTRATIONS: DEMONSTRATIONS_SCHEMA,
}
"""The tables in the order in which they enter the snapshot's hash. Each is named after its first file."""


def shard_name(table: str, number: int) -> str:
    """The name of a file of a table; they are numbered from 0."""
    return table if number == 0 else f"{table.removesuffix('.parquet')}-{number}.parquet"


def shards_of(table: str, files: Mapping[str, str]) -> list[str]:
    """The files of a table in order, of those that a manifest names. A table that it does not name has one file."""
    shards = [table]
    while (following := shard_name(table, len(shards))) in files:
        shards.append(following)
    return shards


@dataclass(frozen=True, slots=True)
class Manifest:
    """`hash` is over the rows of all files; `files` has the SHA-256 of each. `created_at` is ISO 8601, empty in the oldest."""

    hash: str
    heldout_fraction: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    created_at: str = ""
    format: int = FORMAT

    @classmethod
    def from_record(cls, record: Mapping[str, Any], folder_name: str) -> "Manifest":
        """Of any format; the oldest have no hash but their folder's name. Raises ValueError, TypeError, AttributeError."""
        return cls(
            hash=str(record.get("hash", folder_name)),
            heldout_fraction=float(record.get("heldout_fraction", 0.0)),
            counts={str(name): int(count) for name, count in record.get("counts", {}).items()},
            files={str(name): str(digest) for name, digest in record.get("files", {}).items()},
            created_at=str(record.get("created_at", "")),
            format=int(record.get("format", 0)),
        )

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pair:
    """`prompt` is a conversation (with its system turn, if it had one) that ends with the user's turn. A reply is `cut`
    where it met its limit of tokens: that it ends there says nothing."""

    prompt: Messages
    chosen: str
    rejected: str
    chosen_cut: bool = False
    rejected_cut: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """Thumbs up (`good`) or down on one reply."""

    prompt: Messages
    reply: str
    good: bool


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A reply that a person wrote or edited."""

    prompt: Messages
    reply: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`train` and `heldout` are pairs; `ratings` and `demonstrations` are of the training prompts alone. A prompt falls
    on the side `heldout` by a hash of its text, for a share of `heldout_fraction`; `heldout_prompts` are those that
    fell there, of any of the files. `available`: how many of a kind the snapshot holds, where this is a sample of them."""

    hash: str
    train: tuple[Pair, ...]
    heldout: tuple[Pair, ...]
    ratings: tuple[Rating, ...] = ()
    demonstrations: tuple[Demonstration, ...] = ()
    heldout_prompts: tuple[Messages, ...] = ()
    heldout_fraction: float = 0.0
    available: Mapping[str, int] = field(default_factory=dict)
