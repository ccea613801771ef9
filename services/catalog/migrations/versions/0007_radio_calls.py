"""The answers to repeated radio calls are stored with those to other repeated requests."""

import hashlib
import json
import zlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STORED_FOR = timedelta(days=30)

_CALLS = sa.table(
    "radio_calls",
    *map(sa.column, ("session_id", "key", "number", "digest")),
    sa.column("answer", sa.JSON),
)
_REQUESTS = sa.table(
    "idempotency",
    *map(sa.column, ("id", "fingerprint", "owner", "status", "body", "radio_session")),
    sa.column("headers", sa.JSON),
    sa.column("expires_at", Moment),
)


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("idempotency") as table:
        table.add_column(sa.Column("radio_session", sa.String(length=36), nullable=True))
        table.create_foreign_key(
            op.f("fk_idempotency_radio_session_radio_sessions"),
            "radio_sessions",
            ["radio_session"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_index("ix_idempotency_radio_session", ["radio_session"])
    expires_at = datetime.now(UTC) + _STORED_FOR
    for call in op.get_bind().execute(sa.select(_CALLS)).all():
        op.get_bind().execute(
            _REQUESTS.insert().values(
                id=hashlib.sha256(f"radio:{call.session_id}:{call.key}".encode()).hexdigest(),
                fingerprint=call.digest,
                owner=call.session_id,
                status=200,
                headers=[],
                body=zlib.compress(json.dumps(call.answer).encode()),
                radio_session=call.session_id,
                expires_at=expires_at + timedelta(microseconds=call.number),  # sorts the calls of a session
            )
        )
    op.drop_table("radio_calls")


def downgrade() -> None:
    """Revert the change; the answers are not kept."""
    op.create_table(
        "radio_calls",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["radio_sessions.id"],
            name=op.f("fk_radio_calls_session_id_radio_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "key", name=op.f("pk_radio_calls")),
    )
    op.execute("DELETE FROM idempotency WHERE radio_session IS NOT NULL")
    with op.batch_alter_table("idempotency") as table:
        table.drop_index("ix_idempotency_radio_session")
        table.drop_constraint(op.f("fk_idempotency_radio_session_radio_sessions"), type_="foreignkey")
        table.drop_column("radio_session")
