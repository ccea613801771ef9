"""Linked servers, their songs, and the tracks that the songs are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS, ROWS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.libraries import libraries_of_listener
from services.catalog.matching import attach_waiting_listens
from services.catalog.names import split_keys
from services.catalog.tables import (
    ExternalIdRow,
    LinkRow,
    LinkSongRow,
    LocationRow,
    TrackRow,
    WaitingNameRow,
)
from services.catalog.tracks import TrackFile
from services.domain.errors import InvalidRequest, LinkNotFound
from services.domain.external_ids import ISRC, MBID
from services.domain.links import (
    Candidate,
    CandidateFile,
    Link,
    LinkCounts,
    LinkedSong,
    LinkKind,
    MatchRule,
    Sought,
)
from services.domain.track import TrackStatus

# The claim is renewed each minute; a page of a slow server takes seconds, a minute at most.
SYNC_LEASE = timedelta(minutes=5)

NEAR_MAX = 200
"""Tracks of one title or artist that are compared with a song."""

_TRACK, _FILE = TrackRow.__table__.c, LocationRow.__table__.c
_NAME, _SONG = ExternalIdRow.__table__.c, LinkSongRow.__table__.c
_NEAR = _TRACK.id, _TRACK.title, _TRACK.artist, _TRACK.album, _TRACK.duration_ms
_CANDIDATES = select(
    *(_TRACK.id, _TRACK.title_key, _TRACK.artist_keys, _TRACK.album_key, _TRACK.duration_ms, _TRACK.status)
).where(_TRACK.id.in_(IDS))
_FILES = select(_FILE.track_id, _FILE.path, _FILE.root, _FILE.size).where(_FILE.track_id.in_(IDS))
_IDS = select(_NAME.track_id, _NAME.namespace, _NAME.value).where(
    _NAME.track_id.in_(IDS), _NAME.namespace.in_((MBID, ISRC))
)


class NearTrack(NamedTuple):
    """A track that has the title or the artist of a song."""

    id: str
    title: str
    artist: str | None
    album: str | None
    duration_ms: int | None


class LinkStore:
    """Reads and writes links. The id of a song is an external id of its track, in the namespace of the link."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, link: Link) -> None:
        """Store a new link.

        Raises:
            InvalidRequest: there is one with this name.
        """
        libraries = libraries_of_listener(self._database, link.listener)
        with self._database.write() as session:
            if session.get(LinkRow, link.name) is not None:
                raise InvalidRequest(
                    f"There is a link named '{link.name}'. `segue link remove {link.name}` removes it."
                )
            session.add(
                LinkRow(
                    library_id=min(libraries or (), default=None),
                    name=link.name,
                    kind=link.kind,
                    url=link.url,
                    user=link.user,
                    listener=link.listener,
                    download=link.download,
                    created_at=now(),
                )
            )

    def all(self) -> list[Link]:
        """Return all links, by name."""
        with self._database.read() as session:
            return [_link(row) for row in session.scalars(select(LinkRow).order_by(LinkRow.name))]

    def names(self) -> list[str]:
        """Return the names of all links, sorted."""
        with self._database.columns() as connection:
            return list(connection.execute(select(LinkRow.name).order_by(LinkRow.name)).scalars())

    def get(self, name: str) -> Link:
        """Return the link with this name.

        Raises:
            LinkNotFound: there is none.
        """
        with self._database.read() as session:
            return _link(_row(session, name))

    def remove(self, name: str) -> None:
        """Remove a link, its songs, and the ids that it gave to tracks.

        Raises:
            LinkNotFound: there is none with this name.
        """
        with self._database.write() as session:
            row = _row(session, name)
            matched = select(_SONG.song_id).where(_SONG.link == name, _SONG.rule != MatchRule.REGISTERED)
            ours = ExternalIdRow.namespace == name, ExternalIdRow.value.in_(matched)
            session.execute(delete(ExternalIdRow).where(*ours))
            session.delete(row)

    def begin_sync(self, name: str) -> datetime | None:
        """Claim a link for the process that lists its songs; return the claim, or None if another process has it.

        Raises:
            LinkNotFound: there is none with this name.
        """
        with self._database.read() as session:
            _row(session, name)
        return self._claim(name, or_(LinkRow.syncing_until.is_(None), LinkRow.syncing_until < now()))

    def renew_sync(self, name: str, claim: datetime) -> datetime | None:
        """Renew a claim; return the new one, or None if it expired and another process has the link."""
        return self._claim(name, LinkRow.syncing_until == claim)

    def end_sync(self, name: str, claim: datetime, failure: str | None, *, listed: bool) -> None:
        """Give a claim back, and store whether all songs were listed, and why the sync failed, if it did.

        Nothing is stored if another process has the link.
        """
        ended: dict[str, Any] = {"syncing_until": None, "failure": failure}
        with self._database.write() as session:
            done = {"synced_at": now()} if listed else {}
            ours = LinkRow.name == name, LinkRow.syncing_until == claim
            session.execute(update(LinkRow).where(*ours).values(**ended, **done))

    def _claim(self, name: str, is_free: ColumnElement[bool]) -> datetime | None:
        until = now() + SYNC_LEASE
        claimed = update(LinkRow).where(LinkRow.name == name, is_free).values(syncing_until=until)
        with self._database.write() as session:
            return until if session.execute(claimed.returning(LinkRow.name)).all() else None

    def candidates(self, sought: Sought) -> list[Candidate]:
        """Return the tracks that some songs may be."""
        by_title = select(_TRACK.id).where(_TRACK.title_key.in_(IDS))
        by_size = select(_FILE.track_id).where(_FILE.size.in_(IDS))
        with self._database.read() as session:
            found = {row[0] for row in rows_of(session, by_title, sought.title_keys)}
            found |= {row[0] for row in rows_of(session, by_size, sought.sizes)}
            for namespace in (MBID, ISRC):
                values = [value for each, value in sought.ids if each == namespace]
                by_id = select(_NAME.track_id).where(_NAME.namespace == namespace, _NAME.value.in_(IDS))
                found |= {row[0] for row in rows_of(session, by_id, values)}
            return _candidates(session, found)

    def registered(self, name: str, songs: Collection[str]) -> dict[str, tuple[str, MatchRule]]:
        """Return the tracks of songs that need no matching: registered by somebody, or downloaded."""
        ids = select(_NAME.value, _NAME.track_id).where(_NAME.namespace == name, _NAME.value.in_(IDS))
        with self._database.read() as session:
            stored = _stored(session, name, songs)
            kept = {
                song: (row.track_id, MatchRule.DOWNLOAD)
                for song, row in stored.items()
                if row.rule == MatchRule.DOWNLOAD and row.track_id is not None
            }
            for song, track_id in rows_of(session, ids, songs):
                row = stored.get(song)
                by_rule = row is not None and row.track_id == track_id and row.rule != MatchRule.REGISTERED
                if not by_rule:
                    kept.setdefault(song, (track_id, MatchRule.REGISTERED))
        return kept

    def record(self, name: str, songs: Sequence[LinkedSong]) -> None:
        """Store songs with their tracks, and give the tracks their ids."""
        with self._database.write() as session:
            stored = _stored(session, name, [song.id for song in songs])
            changed = [song for song in songs if not _is_same(stored.get(song.id), song)]
            self._store(session, name, changed)
            moved = [song for song in changed if _track_of(stored.get(song.id)) != song.track_id]
            _remove_ids(session, name, [song.id for song in moved if song.id in stored])
            give_ids(self._database, session, name, moved)

    def known(self, name: str) -> set[str]:
        """Return the ids of the stored songs of a link."""
        with self._database.columns() as connection:
            return set(connection.execute(select(_SONG.song_id).where(_SONG.link == name)).scalars())

    def downloaded(self, name: str) -> list[str]:
        """Return the songs of a link whose tracks are downloads."""
        query = select(_SONG.song_id).where(_SONG.link == name, _SONG.rule == MatchRule.DOWNLOAD)
        with self._database.columns() as connection:
            return list(connection.execute(query).scalars())

    def forget(self, name: str, songs: Collection[str]) -> None:
        """Delete songs that the server no longer has, and the ids that they gave to tracks."""
        with self._database.write() as session:
            for batch in batched(songs, ROWS_PER_STATEMENT):
                gone = _SONG.link == name, _SONG.song_id.in_(batch)
                registered = session.scalars(select(_SONG.song_id).where(*gone, _SONG.rule == MatchRule.REGISTERED))
                _remove_ids(session, name, list(set(batch).difference(registered)))
                session.execute(delete(LinkSongRow).where(*gone))

    def counts(self, name: str) -> LinkCounts:
        """Return how many songs of a link are tracks, by rule, and how many are not."""
        query = select(_SONG.rule, func.count()).where(_SONG.link == name).group_by(_SONG.rule)
        no_track = _SONG.link == name, _SONG.rule.is_(None)
        refusals = select(func.count()).select_from(LinkSongRow).where(*no_track, _SONG.reason.is_not(None))
        with self._database.read() as session:
            found: dict[str | None, int] = {rule: count for rule, count in session.execute(query).all()}  # noqa: C416
            refused = session.scalar(refusals) or 0
        unmatched = found.pop(None, 0)
        return LinkCounts({rule: found[rule] for rule in MatchRule if rule in found}, unmatched, refused)

    def unmatched(self, name: str, limit: int | None = None) -> list[LinkedSong]:
        """Return songs of a link that are no tracks, by artist, album and title."""
        query = select(LinkSongRow).where(_SONG.link == name, _SONG.rule.is_(None))
        ordered = query.order_by(_SONG.artist, _SONG.album, _SONG.title, _SONG.song_id)
        with self._database.read() as session:
            return [_linked(row) for row in session.scalars(ordered.limit(limit))]

    def near(self, title: str, artists: Collection[str]) -> list[NearTrack]:
        """Return tracks with the key of a title or of an artist; if there are none, with the longest word of the title.

        A track whose files are gone is not one of them.
        """
        there = select(*_NEAR).where(_TRACK.status != TrackStatus.MISSING).limit(NEAR_MAX)
        word = max(title.split(), key=len, default="")
        with self._database.columns() as connection:
            found = [
                *connection.execute(there.where(_TRACK.title_key == title)),
                *connection.execute(there.where(_TRACK.artist_key.in_(artists))),
            ]
            if not found and word:
                found += connection.execute(there.where(_TRACK.title_key.contains(word, autoescape=True)))
        return [NearTrack(*row) for row in found]

    def tracks(self, name: str) -> set[str]:
        """Return the tracks that songs of a link are."""
        with self._database.columns() as connection:
            found = connection.execute(select(_SONG.track_id).where(_SONG.link == name, _SONG.track_id.is_not(None)))
            return set(found.scalars())

    def song_ids(self, name: str, track_ids: Collection[str]) -> dict[str, str]:
        """Return a song of a link for each track that is one, by track."""
        query = select(*(_SONG.track_id, _SONG.song_id)).where(_SONG.link == name, _SONG.track_id.in_(IDS))
        with self._database.columns() as connection:
            return dict(rows_of(connection, query.order_by(_SONG.song_id.desc()), track_ids))

    def track_ids(self, name: str, song_ids: Collection[str]) -> dict[str, str]:
        """Return the track of each song of a link that is one, by song."""
        query = select(*(_SONG.song_id, _SONG.track_id)).where(
            _SONG.link == name, _SONG.song_id.in_(IDS), _SONG.track_id.is_not(None)
        )
        with self._database.columns() as connection:
            return dict(rows_of(connection, query, song_ids))

    def _store(self, session: Session, name: str, songs: Iterable[LinkedSong]) -> None:
        inserting = self._database.insert(LinkSongRow)
        updated = {each: inserting.excluded[each] for each in _SONG_COLUMNS}
        if rows := [_values(name, song) for song in songs]:
            session.execute(inserting.on_conflict_do_update(index_elements=["link", "song_id"], set_=updated), rows)


def give_ids(database: Database, session: Session, name: str, songs: Sequence[LinkedSong]) -> None:
    """Give tracks the ids of their songs, and attach the listens that wait for them."""
    rows = {song.id: song.track_id for song in songs if song.track_id is not None}
    values = [
        {"track_id": track_id, "namespace": name, "value": song, "by_client": True} for song, track_id in rows.items()
    ]
    if values:
        session.execute(database.insert(ExternalIdRow).on_conflict_do_nothing(), values)
    waiting = select(WaitingNameRow.name).where(WaitingNameRow.name.in_(IDS)).distinct()
    for (waiting_name,) in rows_of(session, waiting, [f"{name}:{song}" for song in rows]):
        attach_waiting_listens(session, rows[waiting_name.removeprefix(f"{name}:")])


_SONG_COLUMNS = ("title", "artist", "album", "duration_ms", "track_id", "rule")


def _link(row: LinkRow) -> Link:
    return Link(
        name=row.name,
        kind=LinkKind(row.kind),
        url=row.url,
        user=row.user,
        listener=row.listener,
        download=row.download,
        synced_at=row.synced_at,
        failure=row.failure,
    )


def _row(session: Session, name: str) -> LinkRow:
    row = session.get(LinkRow, name)
    if row is None:
        raise LinkNotFound(name)
    return row


def _linked(row: LinkSongRow) -> LinkedSong:
    return LinkedSong(
        id=row.song_id,
        title=row.title,
        artist=row.artist,
        album=row.album,
        duration_ms=row.duration_ms,
        track_id=row.track_id,
        rule=None if row.rule is None else MatchRule(row.rule),
        reason=row.reason,
    )


def _values(name: str, song: LinkedSong) -> dict[str, Any]:
    return {"link": name, "song_id": song.id} | {each: getattr(song, each) for each in _SONG_COLUMNS}


def _stored(session: Session, name: str, songs: Collection[str]) -> Mapping[str, Any]:
    columns = _SONG.song_id, *(_SONG[each] for each in _SONG_COLUMNS)
    rows = rows_of(session, select(*columns).where(_SONG.link == name, _SONG.song_id.in_(IDS)), songs)
    return {row.song_id: row for row in rows}


def _is_same(row: Any, song: LinkedSong) -> bool:  # noqa: ANN401  a row of `_stored`
    return row is not None and all(getattr(row, each) == getattr(song, each) for each in _SONG_COLUMNS)


def _track_of(row: Any) -> str | None:  # noqa: ANN401  a row of `_stored`
    return None if row is None else row.track_id


def _remove_ids(session: Session, name: str, songs: Sequence[str]) -> None:
    for batch in batched(songs, ROWS_PER_STATEMENT):
        session.execute(delete(ExternalIdRow).where(ExternalIdRow.namespace == name, ExternalIdRow.value.in_(batch)))


def _candidates(session: Session, track_ids: Collection[str]) -> list[Candidate]:
    found = {
        row.id: Candidate(
            id=row.id,
            title_key=row.title_key or "",
            artist_keys=frozenset(split_keys(row.artist_keys)),
            album_key=row.album_key,
            duration_ms=row.duration_ms,
            is_ready=row.status == TrackStatus.READY,
        )
        for row in rows_of(session, _CANDIDATES, track_ids)
    }
    for track_id, path, root, size in rows_of(session, _FILES, track_ids):
        found[track_id].files.append(CandidateFile(TrackFile(path, root).relative, size))
    for track_id, namespace, value in rows_of(session, _IDS, track_ids):
        found[track_id].ids.add((namespace, value))
    return list(found.values())
