"""Tracks that keys of libraries deleted.

Code of before this revision runs on it: rows of `deleted_tracks` still hold for all libraries.
"""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "library_deletions",
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column(
            "library_id",
            sa.Text(),
            sa.ForeignKey("libraries.id", name=op.f("fk_library_deletions_library_id_libraries"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("deleted_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("track_id", "library_id", name=op.f("pk_library_deletions")),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("library_deletions")
