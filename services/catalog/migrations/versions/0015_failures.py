"""Failures get a kind and a time, files that are no track are kept in a table, and analyses are found by their time."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment, PathBytes

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    for table in ("tracks", "pictures"):
        op.add_column(table, sa.Column("failure_kind", sa.String(length=16), nullable=True))
        op.add_column(table, sa.Column("failed_at", Moment(timezone=True), nullable=True))
    op.add_column("job_items", sa.Column("failure_kind", sa.String(length=16), nullable=True))
    op.create_table(
        "failed_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("path", PathBytes(), nullable=False),
        sa.Column("scan", sa.String(length=16), nullable=False),
        sa.Column("root", PathBytes(), nullable=False),
        sa.Column("failure_kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failed_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_files")),
        sa.UniqueConstraint("path", "scan", name=op.f("uq_failed_files_path")),
    )
    op.create_index("ix_tracks_analysed_at", "tracks", ["analysed_at"])
    op.create_index("ix_locations_root", "locations", ["root"])


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_locations_root", table_name="locations")
    op.drop_index("ix_tracks_analysed_at", table_name="tracks")
    op.drop_table("failed_files")
    op.drop_column("job_items", "failure_kind")
    for table in ("tracks", "pictures"):
        op.drop_column(table, "failed_at")
        op.drop_column(table, "failure_kind")
