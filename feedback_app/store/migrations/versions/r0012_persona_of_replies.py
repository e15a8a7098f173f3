"""The persona that each reply of a conversation was written as. Replies that are there already are given the conversation's."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = ("turns", "alternatives")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("persona", sa.Text()))
        said = sa.table(table, *map(sa.column, ("conversation_id", "role", "persona")))
        talks = sa.table("conversations", sa.column("id"), sa.column("persona"))
        now = sa.select(talks.c.persona).where(talks.c.id == said.c.conversation_id).scalar_subquery()
        op.execute(said.update().where(said.c.role == "assistant").values(persona=now))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "persona")
