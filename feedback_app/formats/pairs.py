"""Preference pairs as imports and exports see them, whatever the format."""

from datetime import datetime

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Ranking
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields, trl
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import content_id


def carried(pair: PreferencePair) -> bool:
    """Whether a file can carry the pair: exactly if an import would take it."""
    try:
        fields.pair(pair.prompt, pair.chosen, pair.rejected)
    except BadRecord:
        return False
    return True


def pair_id(pair: PreferencePair, occurrence: int = 1) -> str:
    """The same for the same prompt, chosen and rejected, whatever format they came in."""
    return content_id("pair", trl.dump(pair), occurrence)


def ranked_comparison(pair: PreferencePair, source: str, occurrence: int, created_at: datetime) -> Comparison:
    """A ranked comparison of two candidates that says just this, the n-th time it is said."""
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
