"""Listens, names that wait for their track, external ids that clients set."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "listens",
        sa.Column("id", Number, nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("identity", sa.String(length=32), nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("played_ms", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("artist", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listens")),
        sa.UniqueConstraint("listener", "identity", name=op.f("uq_listens_listener")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("listens", schema=None) as batch_op:
        batch_op.create_index("ix_listens_listener_at", ["listener", "at", "id", "track_id", "kind"], unique=False)
        batch_op.create_index("ix_listens_listener_kind", ["listener", "kind", "track_id", "at"], unique=False)

    op.create_table(
        "waiting_names",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("listen_id", Number, nullable=False),
        sa.ForeignKeyConstraint(
            ["listen_id"], ["listens.id"], name=op.f("fk_waiting_names_listen_id_listens"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "listen_id", name=op.f("pk_waiting_names")),
    )
    with op.batch_alter_table("waiting_names", schema=None) as batch_op:
        batch_op.create_index("ix_waiting_names_listen_id", ["listen_id"], unique=False)

    op.add_column("external_ids", sa.Column("by_client", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Revert the change."""
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.drop_column("by_client")
    op.drop_table("waiting_names")
    op.drop_table("listens")
