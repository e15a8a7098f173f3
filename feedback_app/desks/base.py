"""The protocol that annotation desks (Argilla, Label Studio) implement, and the values it exchanges."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from feedback_app.domain.comparison import Message
from feedback_app.errors import AppError, Unavailable

OWNER = "owner"
"""The annotator name of the desk's own login: the person who ranks in the arena."""


class DeskUnavailable(Unavailable, RuntimeError):
    """The desk cannot be reached now. Try again later."""


class DeskRefused(AppError, RuntimeError):
    """The desk refuses our key, or one of its projects is not ours. A person must correct it. The message contains no text
    of a record."""


@dataclass(frozen=True, slots=True)
class DeskRecord:
    """A comparison with the owner's ranking, as a desk shows it. `candidates` are (id, text, model) in display order.

    `ranking` holds groups of candidate ids, best first, or None if it is not ranked. `skipped`: the owner skipped it.
    `scores` are the rewards of the candidates in the same order, computed by `scorer`, or empty if none are known.
    """

    comparison_id: str
    messages: tuple[Message, ...]
    candidates: tuple[tuple[str, str, str], ...]
    ranking: tuple[tuple[str, ...], ...] | None
    all_bad: bool
    aspects: tuple[str, ...]
    note: str
    edit: str | None
    annotator: str
    created_at: datetime
    skipped: bool = False
    scores: tuple[float, ...] = ()
    scorer: str = ""


@dataclass(frozen=True, slots=True)
class DeskRanking:
    """One annotator's ranking of one record at the desk.

    `order` holds groups of positions (the first candidate shown is 1), best first; it is empty unless `submitted`.
    `discarded` means skipped; a `draft` is not finished. `annotator` is OWNER for the desk's own login.
    """

    comparison_id: str
    annotator: str
    state: Literal["submitted", "discarded", "draft"]
    order: tuple[tuple[int, ...], ...] = ()
    all_bad: bool = False
    aspects: tuple[str, ...] = ()
    note: str = ""
    edit: str | None = None
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeskProblem:
    """Something at the desk that cannot be used, such as an incomplete ranking. `reason` contains no text of a record."""

    comparison_id: str
    annotator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push: the owner's rankings as the desk stores them (records without one are left out), and a map of
    refused comparison ids to reasons."""

    rankings: tuple[DeskRanking, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Everything that the desk holds.

    If a listed record lacks a ranking that it had, the annotator deleted the ranking. A record that is not listed was
    deleted as a whole, which withdraws no ranking. `mark` is passed to the next pull. `annotators` are those who still
    have a login, or None if unknown: the rankings of others are not withdrawn when they disappear.
    """

    mark: str
    listed: frozenset[str]
    rankings: tuple[DeskRanking, ...]
    problems: tuple[DeskProblem, ...] = ()
    annotators: frozenset[str] | None = None


class AnnotationDesk(Protocol):
    name: str

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        """Create or update these records; idempotent. A record without a ranking loses the owner's ranking at the desk;
        rankings of other annotators stay. Raises DeskUnavailable, DeskRefused."""
        ...

    def pull(self, mark: str) -> Pulled | None:
        """Read all rankings; None if nothing has changed since the pull that returned `mark` ("" at first). Records at the
        desk that are not codeLynn's are ignored. Raises DeskUnavailable, DeskRefused."""
        ...

    def delete(self, comparison_ids: Collection[str]) -> None:
        """Delete these records with everybody's rankings; unknown ids are ignored. Raises
        DeskUnavailable, DeskRefused."""
        ...

    def health(self) -> bool:
        """Whether the desk answers and accepts our key."""
        ...

    def close(self) -> None: ...
