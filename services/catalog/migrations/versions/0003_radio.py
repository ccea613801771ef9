"""Radio sessions, their tracks, events and answers."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "radio_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_name", sa.String(length=255), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("directions", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("touched_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_radio_sessions")),
    )
    op.create_index("ix_radio_sessions_touched_at", "radio_sessions", ["touched_at"])
    op.create_index("ix_radio_sessions_user_name", "radio_sessions", ["user_name"])
    _create(
        "radio_tracks",
        ["session_id", "track_id"],
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("direction", sa.Integer(), nullable=True),
        sa.Column("call", sa.Integer(), nullable=False),
        sa.Column("reported", sa.Boolean(), nullable=False),
        sa.Column("barred", sa.Boolean(), nullable=False),
    )
    _create(
        "radio_events",
        ["session_id", "number"],
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("played_ms", sa.Integer(), nullable=True),
    )
    _create(
        "radio_calls",
        ["session_id", "key"],
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
    )


def _create(table: str, key: list[str], *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("session_id", sa.String(length=36), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["radio_sessions.id"],
            name=op.f(f"fk_{table}_session_id_radio_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    """Revert the change."""
    for table in ("radio_calls", "radio_events", "radio_tracks", "radio_sessions"):
        op.drop_table(table)
