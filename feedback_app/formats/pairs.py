"""Preference pairs in imports and exports, independent of the format."""

from datetime import datetime

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Ranking
from feedback_app.domain.documents import PairDocument, pair_document
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields, trl
from feedback_app.formats.fields import content_id


def carried(pair: PairDocument) -> bool:
    """Whether the pair can be exported, which is the case if an import would accept it."""
    replies = (
        pair.chosen != pair.rejected and fields.reply_fits(pair.chosen) and fields.reply_fits(pair.rejected)
    )
    return replies and fields.prompt_fits(pair.prompt)


def pair_id(pair: PreferencePair, occurrence: int = 1) -> str:
    """The id of a pair, computed from prompt, chosen and rejected, independent of the format."""
    return pair_id_of(pair_document(pair), occurrence)


def pair_id_of(pair: PairDocument, occurrence: int = 1) -> str:
    return content_id("pair", trl.record_of(pair), occurrence)


def ranked_comparison(pair: PreferencePair, source: str, occurrence: int, created_at: datetime) -> Comparison:
    """A ranked comparison of two candidates that holds this pair. `occurrence` counts repetitions of the same pair."""
    return Comparison(
        messages=pair.prompt,
        candidates=(
            Candidate("c1", 1, pair.chosen_model, pair.chosen, finish="imported"),
            Candidate("c2", 2, pair.rejected_model, pair.rejected, finish="imported"),
        ),
        id=pair_id(pair, occurrence),
        status=ComparisonStatus.ranked,
        source=source,
        ranking=Ranking(
            groups=(("c1",), ("c2",)), annotator=pair.annotator, source=source, created_at=created_at
        ),
        created_at=created_at,
    )
