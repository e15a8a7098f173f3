"""Several replies to the same message of a conversation, and how a reply ended before its end."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("turns", sa.Column("ending", sa.Text()))
    op.add_column("turns", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "alternatives",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("rating", sa.Integer()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("best_of", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("chosen_by", sa.Text()),
        sa.Column("original", sa.JSON(none_as_null=True)),
        sa.Column("ending", sa.Text()),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_alternatives_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "position", "number", name="pk_alternatives"),
    )


def downgrade() -> None:
    op.drop_table("alternatives")
    op.drop_column("turns", "number")
    op.drop_column("turns", "ending")
