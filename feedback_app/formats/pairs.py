"""Preference pairs in imports and exports, independent of the format."""

from datetime import datetime

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Ranking
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields, trl
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import content_id


def carried(pair: PreferencePair) -> bool:
    """Whether the pair can be exported, which is the case if an import would accept it."""
    try:
        fields.pair(pair.prompt, pair.chosen, pair.rejected)
    except BadRecord:
        return False
    return True


def pair_id(pair: PreferencePair, occurrence: int = 1) -> str:
    """The id of a pair, computed from prompt, chosen and rejected, independent of the format."""
    return content_id("pair", trl.dump(pair), occurrence)


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
