"""Blind comparisons.

Code of before this revision runs on it and does not see them.
"""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "comparisons",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("segue_id", sa.String(length=36), nullable=False),
        sa.Column("baseline_id", sa.String(length=36), nullable=False),
        sa.Column("baseline", sa.String(length=16), nullable=False),
        sa.Column("segue_first", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("other_version", sa.String(length=64), nullable=True),
        sa.Column("shown_at", Moment(timezone=True), nullable=False),
        sa.Column("preferred", sa.String(length=16), nullable=True),
        sa.Column("answered_at", Moment(timezone=True), nullable=True),
        sa.Column("library_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparisons")),
    )
    op.create_index("ix_comparisons_listener", "comparisons", ["listener"])


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("comparisons")
