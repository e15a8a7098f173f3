"""Trained reward models: their folders and manifests, evaluation, and scoring of replies."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from alignment.contract.files import MANIFEST, read_json
from alignment.contract.manifests.reward import RewardEvaluation, RewardManifest
from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import RankedReplies, ranked_replies, split_of
from feedback_app.domain.round import Checkpoint
from feedback_app.errors import Conflict, NotFound, Unavailable
from feedback_app.services.leaderboard.design_matrix import design_matrix
from feedback_app.services.leaderboard.leaderboard import counted_outcomes
from feedback_app.services.reward.reward_hacking import Lengths, WatchPoint, alarms, watch_points
from feedback_app.services.shares import Share
from feedback_app.store import Store

PromptReply = tuple[tuple[Message, ...], str]
"""A prompt and one reply to it."""


class NoRewardModel(Conflict, RuntimeError):
    """Nothing was trained yet; the message says how to."""


class UnknownRewardModel(NotFound, LookupError):
    """No reward model of that name."""


class NoHeldoutRankings(Conflict, RuntimeError):
    """There is nothing to evaluate a reward model on; the message says what to do."""


class RewardModelUnavailable(Unavailable, RuntimeError):
    """A reward model gives no scores now; the message says why, and what to do."""


class BrokenRewardModel(RewardModelUnavailable):
    """A reward model that cannot be loaded; the message says which, and what to do."""


class LoadedRewardModel(Protocol):
    """A loaded reward model: log odds, comparable between replies to the same prompt."""

    def score(self, items: Sequence[PromptReply]) -> list[float]:
        """Raises RewardModelUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class RewardModel:
    """A complete reward model: its folder and what its manifest says."""

    name: str
    folder: Path
    manifest: RewardManifest

    @property
    def evaluation(self) -> RewardEvaluation:
        """What it was worth on held-out rankings when it was trained."""
        return self.manifest.evaluation

    @property
    def created_at(self) -> datetime:
        """In UTC where the manifest names no time zone."""
        created = datetime.fromisoformat(self.manifest.created_at)
        return created if created.tzinfo else created.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RewardModelRegistry:
    """The folder that holds all reward models, one folder each."""

    root: Path

    def all(self) -> list[RewardModel]:
        """The complete ones, newest first."""
        return sorted(self._complete(), key=lambda model: model.created_at, reverse=True)

    def current(self, base_hash: str = "") -> RewardModel | None:
        """The newest that passed, of this base model if one is named."""
        for model in self.all():
            if model.manifest.passed and (not base_hash or model.manifest.base.hash == base_hash):
                return model
        return None

    def current_folder(self, base_hash: str = "") -> Path | None:
        current = self.current(base_hash)
        return current.folder if current else None

    def _complete(self) -> Iterator[RewardModel]:
        for file in self.root.glob(f"[!.]*/{MANIFEST}"):
            try:
                manifest = RewardManifest.from_record(read_json(file))
                model = RewardModel(file.parent.name, file.parent, manifest)
                model.created_at  # noqa: B018 - a manifest without a date is not ours
            except (OSError, ValueError, AttributeError):
                continue
            yield model


@dataclass(frozen=True, slots=True)
class RewardHackingReport:
    """Reward against the owner's preference over the checkpoints, oldest first, what is wrong with it in words, and the limits of reply
    length that it is held to."""

    points: list[WatchPoint]
    alarms: list[str]
    lengths: Lengths


@dataclass(frozen=True, slots=True)
class RewardModels:
    """`base_hash` names the base model in force, empty while none is prepared; `load` opens a folder or raises
    RewardModelUnavailable; `judge` evaluates the rewards of rankings; `repeats`: how often the owner agreed with an earlier
    ranking of the same pair; `lengths`: the quality checks' limits of reply length; `close` ends what scores."""

    store: Store
    registry: RewardModelRegistry
    base_hash: Callable[[], str]
    load: Callable[[Path], LoadedRewardModel]
    judge: Callable[[Sequence[RankedReplies], Sequence[Sequence[float]]], dict[str, Any]]
    heldout_fraction: float
    repeats: Callable[[], Share]
    lengths: Lengths
    close: Callable[[], None]
    _shares: dict[int, Mapping[str, float]] = field(default_factory=dict)

    def current(self) -> RewardModel | None:
        """The newest that passed, of the base model in force. A model that is not prepared has none."""
        base = self.base_hash()
        return self.registry.current(base) if base else None

    def get(self, name: str = "") -> RewardModel:
        """The one of that name, else the current one. Raises NoRewardModel, UnknownRewardModel."""
        known = self.registry.all()
        for model in known:
            if name and model.name == name:
                return model
        if name and known:
            raise UnknownRewardModel(
                f"there is no reward model {name!r}; there are: {', '.join(model.name for model in known)}"
            )
        if (current := self.current()) is None:
            raise NoRewardModel("there is no reward model yet: train one: codelynn reward train")
        return current

    def scorer(self, name: str = "") -> LoadedRewardModel:
        """Loaded and ready. Raises NoRewardModel, UnknownRewardModel, RewardModelUnavailable."""
        return self.load(self.get(name).folder)

    def evaluate(self, rankings: Sequence[RankedReplies], name: str = "") -> dict[str, Any]:
        """The evaluation record of a reward model on these rankings. Raises NoRewardModel, UnknownRewardModel,
        RewardModelUnavailable."""
        return self.judge(rankings, score_all(self.scorer(name), [(r.prompt, r.replies) for r in rankings]))

    def heldout(self) -> list[RankedReplies]:
        """The rankings on prompts that training never sees."""
        return [
            ranked
            for comparison in self.store.comparisons.with_rankings()
            if split_of(comparison.messages, self.heldout_fraction) == "heldout"
            for ranked in ranked_replies(comparison)
        ]

    def report(self, name: str = "", rankings: Sequence[RankedReplies] | None = None) -> dict[str, Any]:
        """Its name, what it is worth on these rankings (the held-out ones if left out), and how often the owner agreed with
        himself. Raises NoRewardModel, UnknownRewardModel, NoHeldoutRankings, RewardModelUnavailable."""
        model = self.get(name)
        rankings_used = self.heldout() if rankings is None else rankings
        if not rankings_used:
            raise NoHeldoutRankings("there are no held-out rankings yet: rank more prompts, or give --file")
        record = {"name": model.name, **self.evaluate(rankings_used, model.name)}
        own = self.repeats()
        if own.trials:
            record["repeats"] = {"agreed": own.hits, "pairs": own.trials, "low": own.low, "high": own.high}
        return record

    def watch(self) -> RewardHackingReport:
        """Over the checkpoints in order of creation: does reward still mean preference?"""
        points = watch_points(self._checkpoints(), self._shares_won())
        current = self.current()
        correlation = current.evaluation.length_correlation if current else None
        return RewardHackingReport(points, alarms(points, self.lengths, correlation), self.lengths)

    def _shares_won(self) -> Mapping[str, float]:
        """The share of its votes that each version won, computed anew when a ranking has changed."""
        changes = self.store.outcomes.fingerprint()
        if changes not in self._shares:
            kinds = counted_outcomes(self.store)
            self._shares.clear()
            self._shares[changes] = design_matrix(kinds).shares() if kinds else {}
        return self._shares[changes]

    def _checkpoints(self) -> list[Checkpoint]:
        return sorted(self.store.checkpoints.list(), key=lambda checkpoint: checkpoint.created_at)


def score_all(
    scorer: LoadedRewardModel, asked: Iterable[tuple[tuple[Message, ...], Sequence[str]]]
) -> list[list[float]]:
    """The rewards of all replies, prompt by prompt."""
    listed = list(asked)
    flat = iter(scorer.score([(prompt, reply) for prompt, replies in listed for reply in replies]))
    return [[next(flat) for _ in replies] for _, replies in listed]


class TrainedScorer:
    """Scores with the newest that passed, of the base model in force."""

    name = "the trained reward model"

    def __init__(self, rewards: RewardModels) -> None:
        self._rewards = rewards
        self._opened: tuple[str, LoadedRewardModel] | None = None

    def score(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float] | None:
        """See `best_of.ReplyScorer`. Raises RewardModelUnavailable."""
        current = self._rewards.current()
        if current is None:
            return None
        if not replies:
            return []
        return self._scorer(current).score([(tuple(messages), reply) for reply in replies])

    def _scorer(self, current: RewardModel) -> LoadedRewardModel:
        opened = self._opened
        if opened is None or opened[0] != current.name:
            opened = self._opened = current.name, self._rewards.load(current.folder)
        return opened[1]
