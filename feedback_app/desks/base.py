"""The one protocol that annotation desks (Argilla, Label Studio) speak."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from feedback_app.domain.comparison import Message
from feedback_app.errors import AppError, Unavailable

OWNER = "owner"
"""The annotator that the desk's own login stands for: the person who ranks in the arena."""


class DeskUnavailable(Unavailable, RuntimeError):
    """The desk cannot be reached now: try again later."""


class DeskRefused(AppError, RuntimeError):
    """The desk will not take our key, or a project of it is not ours: a person must put it right. The message carries no
    text of a record."""


@dataclass(frozen=True, slots=True)
class DeskRecord:
    """A comparison with the owner's verdict, as a desk shows it. `candidates` are (id, text, model) in shown order.

    `ranking` is groups of candidate ids, best first; None where there is no verdict (yet, or any more). `skipped`: the
    owner set it aside. `scores` are rewards of the candidates in the same order, empty if none are known, by `scorer`.
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
class DeskVerdict:
    """What one annotator has said of one record at the desk.

    `order` is groups of positions from 1 (the first candidate shown is 1), best first; empty unless `submitted`.
    `discarded` is a record set aside; a `draft` says nothing yet. `annotator` is OWNER for the desk's own login.
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
    """Something at the desk that cannot be used, such as a ranking that is not complete; no text of a record."""

    comparison_id: str
    annotator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the desk now holds of the records that were pushed: the owner's verdicts as stored there (none for a record
    without one), and comparison id -> reason for those it refused."""

    verdicts: tuple[DeskVerdict, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pulled:
    """All that the desk holds: a verdict of a listed record that is not here was deleted there; a record that is not
    listed was deleted as a whole, which takes back nobody's verdict. `mark` is for the next pull. `annotators` are those
    who still have a login, None if that is not known: whoever has none any more took nothing back."""

    mark: str
    listed: frozenset[str]
    verdicts: tuple[DeskVerdict, ...]
    problems: tuple[DeskProblem, ...] = ()
    annotators: frozenset[str] | None = None


class AnnotationDesk(Protocol):
    name: str

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        """Bring these records up to date; idempotent. One without a verdict loses the owner's, those of other annotators
        stay. Raises DeskUnavailable, DeskRefused."""
        ...

    def pull(self, mark: str) -> Pulled | None:
        """What annotators have said; None if nothing has changed since the pull that gave `mark` ("" at first).
        What is not codeLynn's at the desk is left alone. Raises DeskUnavailable, DeskRefused."""
        ...

    def delete(self, comparison_ids: Collection[str]) -> None:
        """Delete these records, with all that anybody said of them; ids that it does not have are passed over. Raises
        DeskUnavailable, DeskRefused."""
        ...

    def health(self) -> bool:
        """Whether the desk answers and takes our key."""
        ...

    def close(self) -> None: ...
