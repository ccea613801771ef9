"""Let a track take over from another encoding of the same recording whose files are gone.

The listens, verdicts and bans of the old track then count for the new one, and its ids lead there
(`services.catalog.successors`). Nothing is rewritten: if the file comes back, they are its own again.

A track finds its successor when it goes missing, and a track that becomes ready finds those that it follows. So the
order of scans, deletions and analyses does not matter.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, text, update
from sqlalchemy.orm import Session, aliased

from services.catalog.ratings import yield_to_predecessors
from services.catalog.tables import ExternalIdRow, TrackArtistRow, TrackRow
from services.catalog.tracks import vector_of
from services.domain.external_ids import ISRC, MBID
from services.domain.recordings import ID_TOLERANCE_MS, TOLERANCE_MS, same_recording
from services.domain.titles import title_of
from services.domain.track import Embedded, TrackStatus

ID_COSINE = 0.5
"""Smallest cosine of two tracks with the same id of a recording: below it, the id of one of them is wrong."""

# An arbitrary number for an advisory lock.
TAKEOVER_LOCK = 736569

# Columns instead of mapped rows: a track of an artist with thousands of tracks is compared with some dozens.
_COMPARED = (
    *(TrackRow.id, TrackRow.title, TrackRow.title_key, TrackRow.album_key, TrackRow.duration_ms),
    *(TrackRow.embedding, TrackRow.model_version),
)
_READY = TrackRow.status == TrackStatus.READY
_WAITING = and_(TrackRow.status == TrackStatus.MISSING, TrackRow.successor_id.is_(None))


def track_gone(session: Session, track_id: str) -> None:
    """Set the successor of a track that has gone missing, and of those that it had taken over from.

    Call this, and `track_ready`, at the end of a transaction.
    """
    _lock(session)
    followers = session.scalars(select(TrackRow.id).where(TrackRow.successor_id == track_id)).all()
    successor = _best(session, track_id)
    _set(session, [track_id], successor)
    for each in followers:
        _set(session, [each], successor or _best(session, each))


def track_ready(session: Session, track_id: str) -> None:
    """Make a track that has become ready the successor of missing tracks that have none."""
    _lock(session)
    _set(session, [missing for _, missing in _same_as(session, track_id, _WAITING)], track_id)


def _lock(session: Session) -> None:
    """Prevent a track from going missing and another one from becoming ready at once without finding each other.

    SQLite has one writer at a time. PostgreSQL's lock is taken last, and rows that others hold are skipped, so that its
    holder waits for no other lock.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({TAKEOVER_LOCK})"))


def _set(session: Session, track_ids: Iterable[str], successor: str | None) -> None:
    """Set the successor of those of these tracks that are still missing."""
    missing = select(TrackRow.id).where(TrackRow.id.in_(track_ids), TrackRow.status == TrackStatus.MISSING)
    free = session.scalars(missing.with_for_update(skip_locked=True)).all()
    session.execute(update(TrackRow).where(TrackRow.id.in_(free)).values(successor_id=successor))
    if free and successor is not None:
        yield_to_predecessors(session, free, successor)


def _best(session: Session, track_id: str) -> str | None:
    """Return the ready track that takes over from a missing one; None if there is none."""
    return min(_same_as(session, track_id, _READY), default=(None, None))[1]


def _same_as(session: Session, track_id: str, condition: ColumnElement[bool]) -> list[tuple[tuple[bool, float], str]]:
    """Return the tracks that are the same recording as one, each after how well it fits: the best is the least."""
    one = session.execute(select(*_COMPARED).where(TrackRow.id == track_id)).one()
    artist = session.scalar(select(TrackArtistRow.key).where(TrackArtistRow.track_id == track_id, *_FIRST_ARTIST))
    by_id = set(session.scalars(_sharing_an_id(track_id, condition)))
    by_name = session.scalars(_sharing_names(one, artist, condition))
    found = []
    for other in session.execute(select(*_COMPARED).where(TrackRow.id.in_(by_id.union(by_name) - {track_id}))):
        shares_id, cosine = other.id in by_id, _cosine(one, other)
        if _has_same_id(one, other, cosine) if shares_id else _has_same_name(one, other, artist, cosine):
            found.append(((not shares_id, -1.0 if cosine is None else -cosine), other.id))
    return found


_FIRST_ARTIST = TrackArtistRow.role == "artist", TrackArtistRow.position == 0


def _sharing_an_id(track_id: str, condition: ColumnElement[bool]) -> Select[str]:
    """Return the statement for tracks that share an id of recordings with one."""
    other = aliased(ExternalIdRow)
    same = and_(other.namespace == ExternalIdRow.namespace, other.value == ExternalIdRow.value)
    of_track = ExternalIdRow.track_id == track_id, ExternalIdRow.namespace.in_((MBID, ISRC)), ExternalIdRow.value != ""
    pairs = select(other.track_id).join(ExternalIdRow, same).join(TrackRow, TrackRow.id == other.track_id)
    return pairs.where(*of_track, condition).distinct()


def _sharing_names(one: Any, artist: str | None, condition: ColumnElement[bool]) -> Select[str]:  # noqa: ANN401  a row
    """Return the statement for tracks by the artist of one, or without an artist of its title, and of its length."""
    length = one.duration_ms or 0
    alike = condition, TrackRow.duration_ms.between(length - TOLERANCE_MS, length + TOLERANCE_MS)
    if artist is None:
        return select(TrackRow.id).where(*alike, TrackRow.artist.is_(None), TrackRow.title_key == one.title_key)
    by_artist = select(TrackRow.id).join(TrackArtistRow, TrackArtistRow.track_id == TrackRow.id)
    return by_artist.where(*alike, TrackArtistRow.key == artist, *_FIRST_ARTIST)


def _cosine(one: Any, other: Any) -> float | None:  # noqa: ANN401  rows of `_COMPARED`
    """Return the cosine of two tracks; None if one was not analysed, or by another encoder."""
    size = len(one.embedding or b"")
    if not size or size != len(other.embedding or b"") or one.model_version != other.model_version:
        return None
    return float(vector_of(one.embedding) @ vector_of(other.embedding))


def _has_same_id(one: Any, other: Any, cosine: float | None) -> bool:  # noqa: ANN401  rows of `_COMPARED`
    """Return whether two tracks with the same id of a recording may be this recording."""
    lengths = [row.duration_ms for row in (one, other) if row.duration_ms]
    return (cosine is None or cosine >= ID_COSINE) and max(lengths, default=0) - min(
        lengths, default=0
    ) <= ID_TOLERANCE_MS


def _has_same_name(one: Any, other: Any, artist: str | None, cosine: float | None) -> bool:  # noqa: ANN401  rows
    """Return whether two tracks by an artist are the same recording; without a sound to compare, the album decides."""
    if cosine is not None:
        return same_recording(_embedded(one, artist), _embedded(other, artist), cosine)
    same_album = one.album_key is not None and one.album_key == other.album_key
    return same_album and title_of(one.title).may_be(title_of(other.title))


def _embedded(row: Any, artist: str | None) -> Embedded:  # noqa: ANN401  a row of `_COMPARED`
    return Embedded(row.id, vector_of(row.embedding), row.title, duration_ms=row.duration_ms, performer=artist)
