"""The recommendation log, and the recommendation that a listen names."""

import sqlalchemy as sa
from alembic import op

from services.catalog.tables import Moment

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMED = sa.text("recommendation_id IS NOT NULL")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "recommendation_answers",
        sa.Column("number", Number, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", Moment(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("listener", sa.Text(), nullable=True),
        sa.Column("session", sa.String(length=36), nullable=True),
        sa.Column("libraries", sa.JSON(), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("ranking_version", sa.Integer(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("library_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_recommendation_answers")),
        sa.UniqueConstraint("id", name=op.f("uq_recommendation_answers_id")),
    )
    op.create_index("ix_recommendation_answers_at", "recommendation_answers", ["at"])
    op.create_index("ix_recommendation_answers_listener", "recommendation_answers", ["listener", "at"])
    op.create_index("ix_recommendation_answers_experiment", "recommendation_answers", ["experiment", "at"])
    op.create_table(
        "recommended_tracks",
        sa.Column("answer", Number, nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_id", sa.String(length=36), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("taste", sa.Integer(), nullable=True),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer"],
            ["recommendation_answers.number"],
            name=op.f("fk_recommended_tracks_answer_recommendation_answers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("answer", "rank", name=op.f("pk_recommended_tracks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recommendation_outcomes",
        sa.Column("listen_id", Number, autoincrement=False, nullable=False),
        sa.Column("answer", Number, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["listen_id"], ["listens.id"], name=op.f("fk_recommendation_outcomes_listen_id_listens"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["answer"],
            ["recommendation_answers.number"],
            name=op.f("fk_recommendation_outcomes_answer_recommendation_answers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listen_id", name=op.f("pk_recommendation_outcomes")),
    )
    op.create_index("ix_recommendation_outcomes_answer", "recommendation_outcomes", ["answer", "rank"])
    op.add_column("listens", sa.Column("recommendation_id", sa.String(length=36), nullable=True))
    op.create_index(
        "ix_listens_recommendation_id",
        "listens",
        ["recommendation_id"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )


def downgrade() -> None:
    """Revert the change."""
    op.drop_index("ix_listens_recommendation_id", "listens")
    op.drop_column("listens", "recommendation_id")
    op.drop_table("recommendation_outcomes")
    op.drop_table("recommended_tracks")
    op.drop_table("recommendation_answers")
