"""Pairs of two equal replies are no longer counted: a round leaves them out, so they must not make one look possible."""

from itertools import combinations
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
DOCUMENT = sa.JSON(none_as_null=True)
KINDS = ("rankings", "annotations", "withdrawn")
BATCH = 1000


def upgrade() -> None:
    for name in KINDS:
        _recount(name)


def downgrade() -> None:
    """The earlier version counts again when a ranking changes; until then these counts serve it as well."""


def _recount(name: str) -> None:
    ranked = sa.table(
        name,
        *map(sa.column, ("comparison_id", "annotator", "all_bad", "edit", "pairs")),
        sa.column("groups", DOCUMENT),
    )
    comparisons = sa.table("comparisons", sa.column("id"), sa.column("candidates", DOCUMENT))
    place = sa.tuple_(ranked.c.comparison_id, ranked.c.annotator)
    query = sa.select(*ranked.c, comparisons.c.candidates).join_from(
        ranked, comparisons, comparisons.c.id == ranked.c.comparison_id
    )
    connection, after = op.get_bind(), ("", "")
    while (
        rows := connection.execute(query.where(place > after).order_by(*place.clauses).limit(BATCH))
        .mappings()
        .all()
    ):
        after = rows[-1]["comparison_id"], rows[-1]["annotator"]
        for row in rows:
            if (pairs := _pairs(row)) != row["pairs"]:
                mine = sa.and_(
                    ranked.c.comparison_id == row["comparison_id"], ranked.c.annotator == row["annotator"]
                )
                connection.execute(sa.update(ranked).where(mine).values(pairs=pairs))


def _pairs(row: Any) -> int:
    """Pairs of different replies; what was counted before where the row cannot be read."""
    try:
        texts = {one["id"]: one["text"].strip() for one in row["candidates"]}
        better = [] if row["all_bad"] else list(combinations(row["groups"], 2))
        counted = sum(texts[a] != texts[b] for upper, lower in better for a in upper for b in lower)
        edit = (row["edit"] or "").strip()
        return int(counted) + (len(texts) if edit and edit not in texts.values() else 0)
    except (AttributeError, KeyError, TypeError):
        return int(row["pairs"])
