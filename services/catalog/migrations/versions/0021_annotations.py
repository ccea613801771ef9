"""Stars and ratings, and saved play queues."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "annotations",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("item", sa.String(length=36), nullable=False),
        sa.Column("starred_at", Moment(timezone=True), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("listener", "kind", "item", name=op.f("pk_annotations")),
    )
    op.create_table(
        "play_queues",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("track_ids", sa.JSON(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=True),
        sa.Column("position_ms", sa.Integer(), nullable=False),
        sa.Column("changed_at", Moment(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("listener", name=op.f("pk_play_queues")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("play_queues")
    op.drop_table("annotations")
