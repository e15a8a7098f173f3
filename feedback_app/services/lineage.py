"""Where a version came from: the data used, the reward model, the training, the new version."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback_app.domain.round import Round, method_name
from feedback_app.domain.versions import called, numbered, roles
from feedback_app.store import CheckpointNotFound, Store


@dataclass(frozen=True, slots=True)
class Link:
    """One step on the way from data to a version: what it is, and a few words."""

    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Reads what a round left behind. `snapshots` is their folder; where it is another machine's, their counts are not told."""

    store: Store
    snapshots: Path

    def of(self, round_: Round) -> list[Link]:
        """The steps that the round has come to, in order."""
        manifest = self._manifest(round_.checkpoint)
        checkpoints = self.store.checkpoints
        numbers = numbered(checkpoints.list())
        return links(round_, self.counts(round_.snapshot), manifest, checkpoints.aliases(), numbers)

    def counts(self, snapshot: str) -> Mapping[str, int]:
        """What is in a snapshot, by kind; nothing where it is not here."""
        file = self.snapshots / snapshot / "manifest.json"
        if not snapshot or not file.exists():
            return {}
        counts: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))["counts"]
        return counts

    def _manifest(self, checkpoint: str | None) -> Mapping[str, Any]:
        try:
            return self.store.checkpoints.get(checkpoint).manifest if checkpoint else {}
        except CheckpointNotFound:
            return {}


def links(
    round_: Round,
    counts: Mapping[str, int],
    manifest: Mapping[str, Any],
    aliases: Mapping[str, str],
    numbers: Mapping[str, int],
) -> list[Link]:
    """The steps of a round with these facts; what is not known is left out. `numbers` are those of the versions."""
    snapshot = f"snapshot {round_.snapshot[:8]}" if round_.snapshot else ""
    found = [Link("Data used", " · ".join(filter(None, (_data(counts), snapshot))))]
    found.append(Link("Reward model", _reward_model(round_, manifest)))
    trained = f"{method_name(round_.method)} from {called(round_.parent, numbers)}"
    found.append(Link("Training", trained if round_.snapshot else ""))
    if round_.checkpoint:
        used = ", ".join(roles(round_.checkpoint, aliases))
        name = called(round_.checkpoint, numbers)
        found.append(Link("New version", f"{name} ({used})" if used else name))
    return [link for link in found if link.words]


def _data(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    kinds = ("ranking", "rating", "demonstration")
    given = [_number(found, one) for one in kinds if (found := counts.get(f"{one}s"))]
    pairs = f"{_number(counts.get('train', 0), 'pair')} to train on, {counts.get('heldout', 0):,} held out"
    return f"{', '.join(given)}: {pairs}" if given else pairs


def _number(found: int, one: str) -> str:
    return f"{found:,} {one if found == 1 else one + 's'}"


def _reward_model(round_: Round, manifest: Mapping[str, Any]) -> str:
    named = manifest.get("training", {}).get("reward_model")
    if named:
        return str(named)
    return "trained in this round" if round_.config.get("reward") else ""
