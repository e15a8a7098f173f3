"""What a model had written where the owner wrote a reply of a conversation anew."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("turns", sa.Column("original", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("turns", "original")
