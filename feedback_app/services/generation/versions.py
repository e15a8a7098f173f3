"""Model versions by name or alias, and the paths of their files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from feedback_app.domain.round import Checkpoint
from feedback_app.domain.version_names import called, numbered
from feedback_app.engines.base import Engine, ModelVersion, UnknownModel
from feedback_app.store import CheckpointNotFound, Store

ALIASES = ("latest", "champion")


@dataclass(frozen=True, slots=True)
class BaseFiles:
    """The prepared base model; `hash` is that of its weights."""

    name: str
    hf_dir: Path
    ct2_dir: Path | None
    hash: str = ""


class Models:
    """The registry as the engine and the pages see it."""

    def __init__(self, store: Store, base: Callable[[], BaseFiles]) -> None:
        self._store = store
        self._base = base

    def resolve(self, name: str) -> str:
        """The version behind a name or alias. Raises UnknownModel."""
        try:
            return self._store.checkpoints.resolve(name)
        except CheckpointNotFound as error:
            raise UnknownModel(
                f"no model {name!r}; there are: {', '.join([*self.versions(), *ALIASES])}"
            ) from error

    def files(self, name: str) -> ModelVersion:
        """The engine's catalogue: the files of a version. Raises UnknownModel."""
        version = self.resolve(name)
        base = self._base()
        if version == "base":
            return ModelVersion("base", base.hf_dir, None, base.ct2_dir)
        folder = Path(self._store.checkpoints.get(version).path)
        ct2 = folder / "ct2"
        return ModelVersion(version, base.hf_dir, folder / "adapter", ct2 if ct2.is_dir() else None)

    def versions(self) -> list[str]:
        """`base` and every checkpoint, newest first."""
        return ["base", *(checkpoint.name for checkpoint in self.checkpoints())]

    def checkpoints(self) -> list[Checkpoint]:
        return self._store.checkpoints.list()

    def called(self, name: str) -> str:
        """What people read of a version: `version 3`, or `the base model`."""
        return called(name, numbered(self.checkpoints()))

    def created(self) -> dict[str, datetime]:
        """Every version with when it was made, newest first after `base`: for that, when its files were prepared."""
        prepared = datetime.fromtimestamp(self._base().hf_dir.stat().st_mtime, UTC)
        return {"base": prepared} | {version.name: version.created_at for version in self.checkpoints()}

    def aliases(self) -> dict[str, str]:
        """Every alias with the version it stands for now."""
        return self._store.checkpoints.aliases()

    def predecessor(self) -> str:
        """The version that `latest` replaced; `base` where nothing was promoted yet."""
        return self.aliases().get("previous", "base")

    def promote(self, name: str, by: str) -> str:
        """Make a version the latest by hand; the beginning of its name will do. Raises UnknownModel, CheckpointNotFound,
        AmbiguousId."""
        version = self.resolve(self._store.ids.version(name))
        self._store.checkpoints.promote(version, by)
        return version

    def delete(self, name: str) -> str:
        """Delete a damaged version; returns its name. The beginning of the name will do. Raises CheckpointNotFound,
        CheckpointNeeded, AmbiguousId."""
        version = self._store.ids.version(name)
        self._store.checkpoints.delete(version)
        return version

    def rollback(self, by: str) -> tuple[str, str]:
        """Bring the previous version back: (from, to). Raises NothingToRollBack."""
        return self._store.checkpoints.rollback(by)


def warm(engine: Engine, models: Models) -> None:
    """Load what arena and chat will ask for first."""
    for name in dict.fromkeys([models.resolve("latest"), models.predecessor()]):
        engine.load(name)
