"""What a verdict says about the versions it is of, beside it: the leaderboard reads no texts any more."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from feedback_app.domain.pairwise_outcomes import ShownReply, ranking_outcome

revision = "0007"
down_revision = "0006"
DOCUMENT = sa.JSON(none_as_null=True)
KINDS = ("rankings", "annotations")
BATCH = 1000


def upgrade() -> None:
    for name in KINDS:
        op.add_column(name, sa.Column("met", sa.Text, nullable=False, server_default=sa.text("''")))
        _fill(name)


def downgrade() -> None:
    for name in KINDS:
        op.drop_column(name, "met")


def _fill(name: str) -> None:
    verdicts = sa.table(
        name,
        *map(sa.column, ("comparison_id", "annotator", "all_bad", "met")),
        sa.column("groups", DOCUMENT),
    )
    comparisons = sa.table(
        "comparisons",
        *map(sa.column, ("id", "selection", "repeat_of")),
        sa.column("candidates", DOCUMENT),
    )
    columns = (*verdicts.c, comparisons.c.selection, comparisons.c.repeat_of, comparisons.c.candidates)
    place = sa.tuple_(verdicts.c.comparison_id, verdicts.c.annotator)
    query = sa.select(*columns).join_from(verdicts, comparisons, comparisons.c.id == verdicts.c.comparison_id)
    connection, after = op.get_bind(), ("", "")
    while True:
        batch = query.where(place > after).order_by(*place.clauses).limit(BATCH)
        rows = connection.execute(batch).mappings().all()
        if not rows:
            return
        after = rows[-1]["comparison_id"], rows[-1]["annotator"]
        for row in rows:
            mine = sa.and_(
                verdicts.c.comparison_id == row["comparison_id"], verdicts.c.annotator == row["annotator"]
            )
            connection.execute(sa.update(verdicts).where(mine).values(met=_met(row)))


def _met(row: Any) -> str:
    documents = row["candidates"]
    chosen = row["all_bad"] or row["selection"] != "random" or row["repeat_of"]
    if chosen or len({one["model"] for one in documents}) == 1:
        return ""
    shown = [ShownReply(one["id"], one["model"], one["position"], len(one["text"])) for one in documents]
    return ranking_outcome(shown, row["groups"]).to_line()
