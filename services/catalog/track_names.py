"""Which track a name means: a track id, or an external id."""

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.orm import Session

from services.catalog.database import IDS, IDS_PER_STATEMENT, batched, is_storable, rows_of
from services.catalog.successors import SUCCESSORS, not_deleted, successors_of
from services.catalog.tables import ExternalIdRow, TrackRow
from services.domain.external_ids import canonical_name
from services.domain.track import TrackStatus

PREFERRED = (
    *(TrackStatus.READY, TrackStatus.PENDING, TrackStatus.FAILED, TrackStatus.QUARANTINED, TrackStatus.MISSING),
)
"""Statuses of tracks that share an external id, in the order in which one of them is chosen."""

_CANONICAL = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_TRACK, _NAME = TrackRow.__table__.c, ExternalIdRow.__table__.c
_KNOWN = select(_TRACK.id).where(_TRACK.id.in_(IDS), not_deleted(_TRACK.id))
_TAKEN_OVER = SUCCESSORS.where(not_deleted(SUCCESSORS.selected_columns.id))


def resolve_names(database: Session | Connection, names: Iterable[str]) -> dict[str, str]:
    """Return the track id of each name, as `TrackStore.resolve` does, in an open transaction."""
    own, external = own_and_external(names)
    known = {row[0] for row in rows_of(database, _KNOWN, set(own.values()))}
    # A track without a file is in no library, so a limited request does not see it.
    known |= {row[0] for row in rows_of(database, _TAKEN_OVER, set(own.values()) - known)}
    found = {name: track_id for name, track_id in own.items() if track_id in known}
    return followed_names(database, found | resolve_external(database, external))


def followed_names(database: Session | Connection, found: Mapping[str, str]) -> dict[str, str]:
    """Return the track id of each name, with that of the successor where a track has one."""
    successors = successors_of(database, set(found.values()))
    return {name: successors.get(track_id, track_id) for name, track_id in found.items()}


def own_and_external(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return the names that are track ids, with their canonical form, and those that may be external ids."""
    wanted = list(dict.fromkeys(names))
    own = {name: canonical for name in wanted if (canonical := canonical_id(name)) is not None}
    return own, [name for name in wanted if name not in own and ":" in name and is_storable(name)]


def resolve_external(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    """Return the track id of each external id."""
    found: dict[str, str] = {}
    for batch in batched(names, IDS_PER_STATEMENT):
        found |= _external_of(database, batch)
    return found


def _external_of(database: Session | Connection, names: Sequence[str]) -> dict[str, str]:
    canonical = {name: written for name in names if (written := canonical_name(name)) is not None}
    pairs = {tuple(written.split(":", 1)) for written in canonical.values()}
    matches = database.execute(
        select(_NAME.namespace, _NAME.value, _NAME.track_id, _TRACK.status)
        .join_from(ExternalIdRow.__table__, TrackRow.__table__, _NAME.track_id == _TRACK.id)
        .where(tuple_(_NAME.namespace, _NAME.value).in_(pairs), not_deleted(_NAME.track_id))
    )
    best: dict[str, tuple[int, str]] = {}
    for namespace, value, track_id, status in matches:
        written, rank = f"{namespace}:{value}", (PREFERRED.index(status), track_id)
        best[written] = min(rank, best.get(written, rank))
    return {name: best[written][1] for name, written in canonical.items() if written in best}


def canonical_id(name: str) -> str | None:
    """Return the canonical form of a track id; None if the name is not a UUID."""
    if _CANONICAL.fullmatch(name):  # nearly all are, and `UUID` takes several times as long
        return name
    try:
        return str(UUID(name))
    except ValueError:
        return None
