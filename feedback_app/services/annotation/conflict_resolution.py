"""Which ranking counts when ours and an annotation server's differ. Pure; docs/decisions/0012-desk-sync.md has the rule."""

from datetime import datetime
from typing import Literal

from feedback_app.desks.base import DeskRanking
from feedback_app.desks.records import digest
from feedback_app.store import Agreed

Resolution = Literal["nothing", "agree", "take", "give"]
"""nothing: as agreed. agree: both say the same, note it. take: the desk's ranking replaces ours. give: ours stays, and
is sent to the desk."""

NOTHING_AGREED = Agreed("", "")


def resolve_conflict(
    ours: DeskRanking | None, theirs: DeskRanking | None, agreed: Agreed | None
) -> Resolution:
    """A side that has not changed since both were last the same gives way. If both have, the later ranking stands, and
    any ranking before its deletion."""
    base = agreed or NOTHING_AGREED
    if theirs is not None and theirs.state == "draft":
        return "nothing"
    if theirs is None and agreed is None:  # nothing is known of what the desk was told
        return "give" if ours else "agree"
    they_changed, we_changed = digest(theirs) != base.theirs, digest(ours) != base.ours
    if not they_changed:
        return "nothing"
    if digest(ours) == digest(theirs):
        return "agree"
    if not we_changed or ours is None:
        return "take"
    if theirs is None:
        return "give"
    return "take" if _moment(theirs) > _moment(ours) else "give"


def _moment(ranking: DeskRanking) -> datetime:
    assert ranking.at is not None
    return ranking.at
