"""Spaces: analyses by further model versions, and maps between them."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INTEGERS = ("key", "mode", "time_signature")
MEASURED = (
    *("energy", "valence", "danceability", "acousticness", "instrumentalness", "liveness", "speechiness"),
    *("tempo", "tempo_confidence", "key", "key_confidence", "mode", "mode_confidence"),
    *("time_signature", "time_signature_confidence", "loudness", "brightness", "onset_rate", "flux", "mobility"),
    "duration",
)


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "spaces",
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.Column("filled_at", Moment(timezone=True)),
        sa.Column("served_at", Moment(timezone=True)),
        sa.Column("left_at", Moment(timezone=True)),
        sa.Column("comparison", sa.JSON()),
        sa.PrimaryKeyConstraint("model_version", name="pk_spaces"),
    )
    op.create_table(
        "space_analyses",
        sa.Column("track_id", sa.String(36), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", Moment(timezone=True), nullable=False),
        sa.Column("analysed_at", Moment(timezone=True)),
        sa.Column("embedding", sa.LargeBinary()),
        sa.Column("dispersion", sa.Float()),
        sa.Column("tags", sa.JSON()),
        *(sa.Column(name, sa.Integer() if name in INTEGERS else sa.Float()) for name in MEASURED),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_space_analyses_track_id_tracks", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("track_id", "model_version", name="pk_space_analyses"),
    )
    op.create_index("ix_space_analyses_due", "space_analyses", ["model_version", "status", "claimed_until", "track_id"])
    op.create_index("ix_space_analyses_analysed_at", "space_analyses", ["model_version", "analysed_at"])
    op.create_table(
        "space_mappings",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("matrix", sa.LargeBinary(), nullable=False),
        sa.Column("cosine", sa.Float(), nullable=False),
        sa.Column("fitted_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "target", name="pk_space_mappings"),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("space_mappings")
    op.drop_table("space_analyses")
    op.drop_table("spaces")
