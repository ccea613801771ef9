"""Accounts of listeners."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "accounts",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("listener", name=op.f("pk_accounts")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("accounts")
