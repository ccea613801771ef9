"""Pictures of scanned folders get a table."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment, PathBytes

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "pictures",
        sa.Column("path", PathBytes(), nullable=True),
        sa.Column("root", PathBytes(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("shows", sa.JSON(), nullable=True),
        sa.Column("looks", sa.Text(), nullable=True),
        sa.Column("valence", sa.Float(), nullable=True),
        sa.Column("energy", sa.Float(), nullable=True),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=True),
        sa.Column("model_version", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("index_pending", sa.Boolean(), nullable=False),
        sa.Column("added_at", Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
        sa.UniqueConstraint("path", name=op.f("uq_pictures_path")),
    )
    op.create_index(
        "ix_pictures_index_pending",
        "pictures",
        ["id"],
        sqlite_where=sa.text("index_pending = 1"),
        postgresql_where=sa.text("index_pending"),
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("pictures")
