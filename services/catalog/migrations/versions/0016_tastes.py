"""The tastes of listeners keep their ids, and tracks can be removed from them."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "listener_tastes",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("plays", sa.JSON(), nullable=False),
        sa.Column("shown_at", Moment(), nullable=False),
        sa.Column("dismissed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("listener", "id", name=op.f("pk_listener_tastes")),
    )
    op.create_table(
        "removed_tracks",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("listener", "track_id", name=op.f("pk_removed_tracks")),
    )


def downgrade() -> None:
    """Revert the change; removed tracks and dismissed tastes count again."""
    op.drop_table("removed_tracks")
    op.drop_table("listener_tastes")
