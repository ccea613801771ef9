"""Quotas of libraries, and their usage by day."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "library_quotas",
        sa.Column(
            "library_id",
            sa.Text(),
            sa.ForeignKey("libraries.id", name=op.f("fk_library_quotas_library_id_libraries"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("tracks", sa.BigInteger(), nullable=True),
        sa.Column("upload_bytes", sa.BigInteger(), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=True),
        sa.Column("analysis_minutes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("library_id", name=op.f("pk_library_quotas")),
    )
    op.create_table(
        "library_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "library_id",
            sa.Text(),
            sa.ForeignKey("libraries.id", name=op.f("fk_library_usage_library_id_libraries"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("analysis_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "library_id", name=op.f("pk_library_usage")),
    )
    op.create_index("ix_library_usage_library_id", "library_usage", ["library_id", "day"])


def downgrade() -> None:
    """Revert the change."""
    op.drop_table("library_usage")
    op.drop_table("library_quotas")
