"""A rewrite beats every reply that was shown: the pairs of rankings that have one are counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
DOCUMENT = sa.JSON(none_as_null=True)
KINDS = ("rankings", "annotations")


def upgrade() -> None:
    _count(1)


def downgrade() -> None:
    _count(-1)


def _count(sign: int) -> None:
    comparisons = sa.table("comparisons", sa.column("id"), sa.column("candidates", DOCUMENT))
    connection = op.get_bind()
    for name in KINDS:
        names = ("comparison_id", "annotator", "pairs")
        verdicts = sa.table(name, *map(sa.column, names), sa.column("edit", DOCUMENT))
        found = sa.select(verdicts, comparisons.c.candidates).join_from(
            verdicts, comparisons, comparisons.c.id == verdicts.c.comparison_id
        )
        for row in connection.execute(found.where(verdicts.c.edit.is_not(None))).mappings().all():
            texts = [candidate["text"].strip() for candidate in row["candidates"]]
            edit = (row["edit"] or "").strip()
            if edit and edit not in texts:
                connection.execute(
                    sa.update(verdicts)
                    .where(
                        verdicts.c.comparison_id == row["comparison_id"],
                        verdicts.c.annotator == row["annotator"],
                    )
                    .values(pairs=verdicts.c.pairs + sign * len(texts))
                )
