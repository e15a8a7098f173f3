"""The lineage of a version: the data used, the reward model, the training, the new version."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.manifests.checkpoint import CheckpointManifest
from alignment.contract.snapshot.reader import open_snapshot
from feedback_app.domain.round import Round, method_name
from feedback_app.domain.version_names import called, numbered, roles
from feedback_app.store import CheckpointNotFound, Store


@dataclass(frozen=True, slots=True)
class Link:
    """One step from data to a version: its name, and a few words about it."""

    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """`snapshots` is the folder of all snapshots. A snapshot that is on another machine has no counts here."""

    store: Store
    snapshots: Path

    def of(self, round_: Round) -> list[Link]:
        """The steps that the round has reached, in order."""
        reward_model = self._reward_model(round_.checkpoint)
        checkpoints = self.store.checkpoints
        numbers = numbered(checkpoints.list())
        return links(round_, self.counts(round_.snapshot), reward_model, checkpoints.aliases(), numbers)

    def counts(self, snapshot: str) -> Mapping[str, int]:
        """How many of each kind a snapshot holds. Empty where the snapshot cannot be read."""
        if not snapshot:
            return {}
        try:
            return open_snapshot(self.snapshots / snapshot).manifest.counts
        except InvalidSnapshot:
            return {}

    def _reward_model(self, checkpoint: str | None) -> str:
        """The reward model that a checkpoint was trained with; empty where there is none."""
        try:
            record = self.store.checkpoints.get(checkpoint).manifest if checkpoint else {}
        except CheckpointNotFound:
            return ""
        return CheckpointManifest.from_record(record).training.facts.reward_model


def links(
    round_: Round,
    counts: Mapping[str, int],
    reward_model: str,
    aliases: Mapping[str, str],
    numbers: Mapping[str, int],
) -> list[Link]:
    """The steps of a round; unknown ones are left out. `reward_model` is its name (empty: none), `numbers` are those of the versions."""
    snapshot = f"snapshot {round_.snapshot[:8]}" if round_.snapshot else ""
    in_this_round = "trained in this round" if round_.config.get("reward") else ""
    steps = [Link("Data used", " · ".join(filter(None, (_data(counts), snapshot))))]
    steps.append(Link("Reward model", reward_model or in_this_round))
    trained = f"{method_name(round_.method)} from {called(round_.parent, numbers)}"
    steps.append(Link("Training", trained if round_.snapshot else ""))
    if round_.checkpoint:
        used = ", ".join(roles(round_.checkpoint, aliases))
        name = called(round_.checkpoint, numbers)
        steps.append(Link("New version", f"{name} ({used})" if used else name))
    return [step for step in steps if step.words]


def _data(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    kinds = ("ranking", "rating", "demonstration")
    examples = [_number(count, kind) for kind in kinds if (count := counts.get(f"{kind}s"))]
    pairs = f"{_number(counts.get('train', 0), 'pair')} to train on, {counts.get('heldout', 0):,} held out"
    return f"{', '.join(examples)}: {pairs}" if examples else pairs


def _number(count: int, kind: str) -> str:
    return f"{count:,} {kind if count == 1 else kind + 's'}"
