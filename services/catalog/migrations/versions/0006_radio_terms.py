"""The options of a radio session are stored in the form of the question's own fields."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SESSIONS = sa.table("radio_sessions", sa.column("id", sa.String), sa.column("terms", sa.JSON))
_FILTERS = ("ranges", "any_of", "none_of", "or_unknown")


def upgrade() -> None:
    """Apply the change."""
    _rewrite(_nested)


def downgrade() -> None:
    """Revert the change."""
    _rewrite(_flat)


def _rewrite(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    connection = op.get_bind()
    for session_id, terms in connection.execute(sa.select(_SESSIONS.c.id, _SESSIONS.c.terms)).all():
        connection.execute(_SESSIONS.update().where(_SESSIONS.c.id == session_id).values(terms=change(terms)))


def _nested(terms: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in terms.items() if name not in (*_FILTERS, "exclude_tracks")}
    filters = {name: terms[name] for name in _FILTERS if name in terms}  # the oldest sessions have no `or_unknown`
    filters["ranges"] = {name: {"min": low, "max": high} for name, (low, high) in terms["ranges"].items()}
    return {**options, "filters": filters, "exclude": {"tracks": terms["exclude_tracks"]}}


def _flat(terms: dict[str, Any]) -> dict[str, Any]:
    options = ("targets", "diversity", "variety", "seed", "order", "half_life_days")
    filters = terms["filters"]
    ranges = {name: [ends["min"], ends["max"]] for name, ends in filters["ranges"].items()}
    return {
        **{name: filters.get(name, []) for name in _FILTERS},
        **{name: terms[name] for name in options},
        "ranges": ranges,
        "exclude_tracks": terms["exclude"]["tracks"],
    }
