"""A listen can stand for plays whose times are unknown."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("listens", sa.Column("undated_plays", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Revert the change; plays without a time are deleted."""
    op.execute(sa.text("DELETE FROM listens WHERE undated_plays IS NOT NULL"))
    with op.batch_alter_table("listens", schema=None) as batch_op:
        batch_op.drop_column("undated_plays")
