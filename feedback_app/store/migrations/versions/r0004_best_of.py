"""How many replies a reply of a conversation was chosen from, and by what."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("turns", sa.Column("best_of", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("turns", sa.Column("chosen_by", sa.Text()))


def downgrade() -> None:
    for name in ("chosen_by", "best_of"):
        op.drop_column("turns", name)
