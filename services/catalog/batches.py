"""Statements about many ids at once."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam
from sqlalchemy.orm import Session

# SQLite takes 32,766 parameters in a statement; this stays below it and below PostgreSQL's planner's comfort.
IDS_PER_STATEMENT = 5000

ASKED: BindParameter[Any] = bindparam("ids", expanding=True)
"""Stands in a statement for the ids that `rows_of` puts there."""


def rows_of(database: Session | Connection, statement: Select[Any], ids: Collection[str]) -> list[Any]:
    """The rows of a statement with `ASKED` in it; the database is not asked where there are no ids."""
    return [row for chunk in chunks(list(ids)) for row in database.execute(statement, {ASKED.key: chunk}).all()]


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """The ids in pieces that a statement takes."""
    return (ids[start : start + IDS_PER_STATEMENT] for start in range(0, len(ids), IDS_PER_STATEMENT))
