"""Own features of tracks.

Code of before this revision runs on it, and does not use the new tables.
"""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "own_features",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("imported_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_features")),
    )
    op.create_index(
        "ix_own_features_name",
        "own_features",
        ["name"],
        unique=True,
        sqlite_where=sa.text("is_current = 1"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "own_values",
        sa.Column(
            "feature_id",
            sa.Integer(),
            sa.ForeignKey("own_features.id", name=op.f("fk_own_values_feature_id_own_features"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "track_id",
            sa.String(length=36),
            sa.ForeignKey("tracks.id", name=op.f("fk_own_values_track_id_tracks"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.Float()),
        sa.Column("text", sa.Text()),
        sa.Column("key", sa.Text()),
        sa.PrimaryKeyConstraint("feature_id", "track_id", name=op.f("pk_own_values")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_own_values_track_id", "own_values", ["track_id"])
    for column in ("number", "key"):
        filled = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_own_values_{column}",
            "own_values",
            ["feature_id", column, "track_id"],
            sqlite_where=filled,
            postgresql_where=filled,
        )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("own_values")
    op.drop_table("own_features")
