"""What training reads of a ranked comparison, without what it does not need. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import Comparison, Message, Ranking
from feedback_app.domain.preference import Demonstration, RankedReplies, prompt_key

Turn = dict[str, str]
"""{"role", "content"} of a message."""


@dataclass(frozen=True, slots=True)
class TrainingRanking:
    """`places[i]` is the place of reply i, 0 the best; equal places are a tie."""

    places: Sequence[int]
    all_bad: bool
    edit: str | None
    annotator: str

    @property
    def tied(self) -> bool:
        return not self.all_bad and len(set(self.places)) < len(self.places)


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """A comparison with the rankings that count. `cut[i]`: reply i met its limit of tokens. `decided`: one ranking decides,
    so that its edit is a demonstration too."""

    id: str
    key: str
    prompt: Sequence[Turn]
    replies: Sequence[str]
    cut: Sequence[bool]
    rankings: Sequence[TrainingRanking]
    decided: bool = True

    def rewrite(self, ranking: TrainingRanking) -> str | None:
        """The reply that the annotator would have liked, where they wrote one that was not among the replies."""
        edit = (ranking.edit or "").strip()
        return None if not edit or edit in (reply.strip() for reply in self.replies) else ranking.edit

    @property
    def messages(self) -> tuple[Message, ...]:
        """The prompt as elsewhere."""
        return tuple(Message(turn["role"], turn["content"]) for turn in self.prompt)  # type: ignore[arg-type]

    @property
    def demonstration(self) -> Demonstration | None:
        """The owner's edit, where the ranking that decides has one."""
        edit = self.rankings[0].edit if self.decided and self.rankings else None
        return None if edit is None else Demonstration(self.messages, edit)

    def ranked_replies(self) -> list[RankedReplies]:
        """Each ranking, ties too, a rewrite as the winner; `all_bad` without a rewrite compares nothing and is left out."""
        ranked = ((ranking, self.rewrite(ranking)) for ranking in self.rankings)
        return [
            self._ranked(ranking, edit) for ranking, edit in ranked if edit is not None or not ranking.all_bad
        ]

    def _ranked(self, ranking: TrainingRanking, edit: str | None) -> RankedReplies:
        places = (0,) * len(self.replies) if ranking.all_bad else tuple(ranking.places)
        replies = tuple(self.replies)
        if edit is not None:
            replies, places = (edit, *replies), (0, *(place + 1 for place in places))
        return RankedReplies(self.messages, replies, places, self.id, ranking.annotator)


def training_row(comparison: Comparison) -> TrainingRow:
    """The same of a comparison that was read as a whole."""
    ids = [candidate.id for candidate in comparison.candidates]
    return TrainingRow(
        id=comparison.id,
        key=prompt_key(comparison.messages),
        prompt=[{"role": message.role, "content": message.content} for message in comparison.messages],
        replies=[candidate.text for candidate in comparison.candidates],
        cut=[candidate.cut for candidate in comparison.candidates],
        rankings=[_ranking(ranking, ids) for ranking in comparison.counted_rankings],
        decided=comparison.ranking is not None,
    )


def _ranking(ranking: Ranking, ids: Sequence[str]) -> TrainingRanking:
    places = [] if ranking.damaged else places_of(ranking.groups, ids)
    return TrainingRanking(places, ranking.all_bad, ranking.edit, ranking.annotator)


def places_of(groups: Sequence[Sequence[str]], ids: Sequence[str]) -> list[int]:
    """The place of each of these candidates. Raises KeyError for one that no group names."""
    place = {name: number for number, group in enumerate(groups) for name in group}
    return [place[name] for name in ids]
