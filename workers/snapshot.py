"""Exports the stored rankings, ratings and demonstrations as a snapshot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from alignment.contract import snapshot as contract
from alignment.contract.snapshot.builder import SnapshotBuilder
from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import Demonstration, Rating, preference_pairs, ranked_replies
from reward_model.rankings import Ranked


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`counts` are named in `alignment.contract.snapshot.schema.COUNTS`."""

    hash: str
    folder: Path
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class UnpairedFeedback:
    """Feedback on single replies: ratings (thumbs, imports) and demonstrations."""

    ratings: Sequence[Rating] = ()
    demonstrations: Sequence[Demonstration] = ()


def export(
    comparisons: Iterable[Comparison],
    heldout_fraction: float,
    snapshots: Path,
    unpaired: UnpairedFeedback | None = None,
) -> Snapshot:
    """Write a snapshot of the comparisons and of `unpaired` into the folder `snapshots`. A snapshot with the same content is used again.
    The comparisons are iterated once."""
    with SnapshotBuilder(snapshots, heldout_fraction) as builder:
        for comparison in comparisons:
            _add_comparison(builder, comparison)
        _add_unpaired(builder, unpaired or UnpairedFeedback())
        folder, manifest = builder.finish()
        return Snapshot(manifest.hash, folder, dict(manifest.counts))


def _add_comparison(builder: SnapshotBuilder, comparison: Comparison) -> None:
    for ranking in comparison.counted_rankings:
        builder.counts["comparisons"] += 1
        builder.counts["all_bad"] += ranking.all_bad
        builder.counts["ties"] += not ranking.all_bad and any(len(group) > 1 for group in ranking.groups)
    for ranked in ranked_replies(comparison):
        prompt, who = _turns(ranked.prompt), ranked.annotator
        builder.add_ranking(
            Ranked(prompt, ranked.replies, ranked.places, comparison_id=ranked.comparison_id, annotator=who)
        )
    for pair in preference_pairs(comparison):
        cuts = pair.chosen_cut, pair.rejected_cut
        row = contract.Pair(_turns(pair.prompt), pair.chosen, pair.rejected, *cuts)
        builder.add_pair(row, pair.comparison_id)


def _add_unpaired(builder: SnapshotBuilder, unpaired: UnpairedFeedback) -> None:
    for rating in unpaired.ratings:
        builder.add_rating(contract.Rating(_turns(rating.prompt), rating.reply, rating.good))
    for shown in unpaired.demonstrations:
        builder.add_demonstration(contract.Demonstration(_turns(shown.prompt), shown.reply))


def _turns(prompt: Iterable[Message]) -> contract.Messages:
    return tuple({"role": message.role, "content": message.content} for message in prompt)
