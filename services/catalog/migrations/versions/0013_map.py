"""The map gets two tables."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "maps",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=False),
        sa.Column("fitted", sa.Integer(), nullable=False),
        sa.Column("fitted_at", Moment(timezone=True), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_maps")),
    )
    op.create_table(
        "map_points",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("x", sa.Float(), nullable=False),
        sa.Column("y", sa.Float(), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name=op.f("fk_map_points_track_id_tracks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "version", name=op.f("pk_map_points")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("map_points")
    op.drop_table("maps")
