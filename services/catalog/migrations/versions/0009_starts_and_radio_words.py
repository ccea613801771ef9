"""The starts of new listeners, and the words of radio sessions."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "listener_starts",
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("moods", sa.JSON(), nullable=False),
        sa.Column("artists", sa.JSON(), nullable=False),
        sa.Column("tracks", sa.JSON(), nullable=False),
        sa.Column("plays", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("listener", name=op.f("pk_listener_starts")),
    )
    op.add_column("radio_sessions", sa.Column("words", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Revert the change; the starts and the words are not kept."""
    op.drop_column("radio_sessions", "words")
    op.drop_table("listener_starts")
