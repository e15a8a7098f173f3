"""Preference pairs, ratings and demonstrations, and the split of prompts into train and held-out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from alignment.contract import split
from alignment.contract.split import Split as Split
from alignment.contract.split import first_training_key as first_training_key
from alignment.contract.split import split_of_key as split_of_key
from feedback_app.domain.comparison import Comparison, Message, Ranking


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """`chosen` was ranked above `rejected` as a reply to `prompt`. A reply is `cut` where it met its limit of tokens."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    comparison_id: str = ""
    chosen_model: str = ""
    rejected_model: str = ""
    annotator: str = "owner"
    chosen_cut: bool = False
    rejected_cut: bool = False

    @property
    def informative(self) -> bool:
        """Two replies of the same text teach nothing: such a pair is not counted and not trained on."""
        return self.chosen.strip() != self.rejected.strip()


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A reply that the owner wrote or edited."""

    prompt: tuple[Message, ...]
    reply: str
    source: str = "edit"


@dataclass(frozen=True, slots=True)
class Rating:
    """Thumbs up (`good`) or down on one reply, unpaired."""

    prompt: tuple[Message, ...]
    reply: str
    good: bool
    source: str = "chat"


@dataclass(frozen=True, slots=True)
class RankedReplies:
    """One ranking as places: `places[i]` is the place of `replies[i]`, 0 the best; equal places are a tie."""

    prompt: tuple[Message, ...]
    replies: tuple[str, ...]
    places: tuple[int, ...]
    comparison_id: str = ""
    annotator: str = "owner"


def ranked_replies(comparison: Comparison) -> list[RankedReplies]:
    """Each ranking that counts, ties too, a rewrite as the winner; `all_bad` without a rewrite compares nothing and is
    left out."""
    return [
        ranked
        for ranking in comparison.counted_rankings
        if (ranked := _ranked(comparison, ranking)) is not None
    ]


def _ranked(comparison: Comparison, ranking: Ranking) -> RankedReplies | None:
    """A rewrite comes first, before all that was shown; of `all_bad` only it says anything, and the others are a tie."""
    texts, edit = tuple(candidate.text for candidate in comparison.candidates), rewrite(comparison, ranking)
    if ranking.all_bad and edit is None:
        return None
    places = (0,) * len(texts) if ranking.all_bad else _places(comparison, ranking)
    if edit is not None:
        texts, places = (edit, *texts), (0, *(place + 1 for place in places))
    return RankedReplies(comparison.messages, texts, places, comparison.id, ranking.annotator)


def rewrite(comparison: Comparison, ranking: Ranking) -> str | None:
    """The reply that the annotator would have liked, where they wrote one that was not among the replies."""
    return rewritten(ranking.edit, [candidate.text for candidate in comparison.candidates])


def rewritten(edit: str | None, replies: Sequence[str]) -> str | None:
    """The edit, if it has a text that none of the replies has."""
    text = (edit or "").strip()
    return None if not text or text in (reply.strip() for reply in replies) else edit


def better_and_worse(groups: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Every two candidates of different groups, the better one first."""
    return (
        (better, worse) for upper, lower in combinations(groups, 2) for better in upper for worse in lower
    )


def _places(comparison: Comparison, ranking: Ranking) -> tuple[int, ...]:
    place = {name: number for number, group in enumerate(ranking.groups) for name in group}
    return tuple(place[candidate.id] for candidate in comparison.candidates)


def preference_pairs(comparison: Comparison) -> list[PreferencePair]:
    """All pairs of candidates from different groups, better first, of each ranking that counts; ties and `all_bad` give
    none. After them a rewrite against each reply that was shown, whatever the ranking."""
    return [
        pair
        for ranking in comparison.counted_rankings
        for pair in (*_pairs_of(comparison, ranking), *_pairs_of_rewrite(comparison, ranking))
    ]


def _pairs_of_rewrite(comparison: Comparison, ranking: Ranking) -> list[PreferencePair]:
    """The owner wrote it having read the others, and would rather have had it. No
    model is the winner."""
    edit = rewrite(comparison, ranking)
    if edit is None:
        return []
    return [
        PreferencePair(
            prompt=comparison.messages,
            chosen=edit,
            rejected=shown.text,
            comparison_id=comparison.id,
            rejected_model=shown.model,
            annotator=ranking.annotator,
            rejected_cut=shown.cut,
        )
        for shown in comparison.candidates
    ]


def _pairs_of(comparison: Comparison, ranking: Ranking) -> list[PreferencePair]:
    if ranking.all_bad:
        return []
    return [
        PreferencePair(
            prompt=comparison.messages,
            chosen=(winner := comparison.candidate(better)).text,
            rejected=(loser := comparison.candidate(worse)).text,
            comparison_id=comparison.id,
            chosen_model=winner.model,
            rejected_model=loser.model,
            annotator=ranking.annotator,
            chosen_cut=winner.cut,
            rejected_cut=loser.cut,
        )
        for better, worse in better_and_worse(ranking.groups)
    ]


def prompt_key(messages: Sequence[Message]) -> str:
    """64 hex digits that are the same for the same prompt: spacing, case and the system turn do not matter."""
    return split.prompt_key((message.role, message.content) for message in messages)


def split_of(messages: Sequence[Message], heldout_fraction: float) -> Split:
    """The side a prompt falls on, by a stable hash: it never crosses over between snapshots."""
    return split_of_key(prompt_key(messages), heldout_fraction)
