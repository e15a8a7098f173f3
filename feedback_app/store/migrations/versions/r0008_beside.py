"""The conversation in which another version hears the same messages."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("beside", sa.Text()))


def downgrade() -> None:
    op.drop_column("conversations", "beside")
