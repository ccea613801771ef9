"""Resolve names of tracks: their own ids and external ids."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.orm import Session

from services.catalog.database import ASKED, chunks, rows_of
from services.catalog.tables import ExternalIdRow, TrackRow

_TRACK, _NAME = TrackRow.__table__.c, ExternalIdRow.__table__.c
_KNOWN = select(_TRACK.id).where(_TRACK.id.in_(ASKED))


def resolve_names(database: Session | Connection, names: Iterable[str]) -> dict[str, str]:
    """Track ids by name, as `TrackStore.resolve` has them, inside a transaction that is open already."""
    own, external = own_and_external(names)
    known = {row[0] for row in rows_of(database, _KNOWN, set(own.values()))}
    return {name: track_id for name, track_id in own.items() if track_id in known} | _resolve_all(database, external)


def own_and_external(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Those that are track ids, each with how it is stored, and those that may be external ids."""
    wanted = list(dict.fromkeys(names))
    own = {name: canonical for name in wanted if (canonical := canonical_id(name)) is not None}
    return own, [name for name in wanted if name not in own and ":" in name]


def _resolve_all(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in chunks(names):
        found |= _resolve_external(database, chunk)
    return found


def _resolve_external(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for name in names:
        namespace, _, value = name.partition(":")
        pairs[name] = (namespace.casefold(), value)
    matches = database.execute(
        select(_NAME.namespace, _NAME.value, func.min(_NAME.track_id))
        .where(tuple_(_NAME.namespace, _NAME.value).in_(set(pairs.values())), _NAME.value != "")
        .group_by(_NAME.namespace, _NAME.value)
    )
    found = {(namespace, value): track_id for namespace, value, track_id in matches}
    return {name: found[pair] for name, pair in pairs.items() if pair in found}


def canonical_id(name: str) -> str | None:
    """A track id as it is stored; None if the name is none."""
    try:
        return str(UUID(name))
    except ValueError:
        return None
