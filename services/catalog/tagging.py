"""The tags of a track: those of the best of its files."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.catalog.matching import FIELD_SEPARATOR
from services.catalog.names import album_folder, album_id, artist_id, artist_rows, genre_key, genre_rows, stored_key
from services.catalog.tables import ExternalIdRow, LocationRow, Table, TrackArtistRow, TrackGenreRow, TrackRow
from services.domain.external_ids import canonical_value
from services.domain.track import Tags, TrackStatus

_COPIED = (
    *("title", "artist", "album", "album_artist", "genre", "year", "original_year", "disc_number", "disc_total"),
    *("track_number", "track_total", "comment", "compilation", "release_mbid", "replay_gain", "has_lyrics", "rating"),
)
_INDEXED = attrgetter("title", "artist", "album", "year", "genre")


def sort_key(tags: Tags) -> str:
    """Return the text that sorts a track, and in which searches find it."""
    return FIELD_SEPARATOR.join((tags.artist or "", tags.album or "", tags.title)).casefold()


def retag(session: Session, row: TrackRow, separators: Sequence[str]) -> None:
    """Give a track the tags of its files: of the file with most of them, of equal ones of the file found first.

    Its external ids are those of all files. A track whose files have no stored tags keeps what it has.
    """
    query = select(LocationRow.path, LocationRow.tags).where(LocationRow.track_id == row.id)
    stored = session.execute(query.order_by(LocationRow.id)).all()
    files = [(path, Tags.from_json(tags)) for path, tags in stored if tags is not None]
    if not files:
        return
    path, best = max(files, key=lambda file: _richness(*file))
    before = _INDEXED(row)
    _copy(row, best)
    row.album_id = _album_of(session, row, path)
    has_other_names = _store_names(session, row.id, best, separators)
    ids = dict[str, list[str]]()
    for tags in (best, *(tags for _, tags in files)):
        for namespace, values in tags.ids.items():
            ids.setdefault(namespace, []).extend(values)
    _store_ids(session, row.id, ids)
    if row.status == TrackStatus.READY and (has_other_names or before != _INDEXED(row)):
        row.revision += 1
        row.index_pending = True


def _richness(path: str, tags: Tags) -> int:
    """Return the number of tags that a file has; a title that is the file's name is none."""
    return len(tags.to_json()) - (tags.title == PurePath(path).stem)


def _copy(row: TrackRow, tags: Tags) -> None:
    for name in _COPIED:
        setattr(row, name, getattr(tags, name))
    row.composer, row.tag_bpm, row.tag_key = ", ".join(tags.composers) or None, tags.bpm, tags.key
    row.duration_ms = row.duration_ms or tags.duration_ms  # an analysis is more accurate than a header
    row.sort_key = sort_key(tags)
    row.title_key, row.artist_key = stored_key(tags.title), stored_key(tags.artist)
    row.album_key, row.album_artist_key = stored_key(tags.album), stored_key(tags.album_artist)
    row.genre_key = genre_key(tags.genre)
    row.artist_id = artist_id(tags.artist)


def _store_names(session: Session, track_id: str, tags: Tags, separators: Sequence[str]) -> bool:
    """Store the artists and genres of a track, and return whether they are other ones than before."""
    artists = artist_rows(tags.artists, tags.album_artists, tags.title, separators)
    genres = genre_rows(tags.genres, separators)
    changed = [_replace(session, track_id, *each) for each in ((TrackArtistRow, artists), (TrackGenreRow, genres))]
    return any(changed)


def _replace(session: Session, track_id: str, table: type[Table], rows: list[dict[str, Any]]) -> bool:
    columns = table.__table__.c
    names = [column.name for column in columns if column.name != "track_id"]
    query = select(*(columns[name] for name in names)).where(columns.track_id == track_id)
    stored = {tuple(row) for row in session.execute(query)}
    if stored == {tuple(row[name] for name in names) for row in rows}:
        return False
    session.execute(delete(table).where(columns.track_id == track_id))
    if rows:
        session.execute(insert(table), [{"track_id": track_id, **row} for row in rows])
    return True


def _album_of(session: Session, row: TrackRow, path: str) -> str | None:
    """Return the album of a file.

    Without an album artist, it joins an album of the same title in its folder, or one in the folder above, below or
    beside it of which all tracks are by the same artist: some soundtracks have a folder for each part.
    """
    own = album_id(row.album, row.album_artist, path)
    if own is None or row.album_artist or row.album_key is None:
        return own
    titled = (
        select(LocationRow.path, TrackRow.artist_key, TrackRow.album_id)
        .join(TrackRow, TrackRow.id == LocationRow.track_id)
        .where(TrackRow.album_key == row.album_key, TrackRow.album_artist.is_(None), TrackRow.id != row.id)
    )
    files = [(album_folder(other), artist, album) for other, artist, album in session.execute(titled)]
    mixed = {album for _, artist, album in files if artist is None or artist != row.artist_key}
    folder = album_folder(path)
    found = [
        (len(its.parts), album)
        for its, _, album in files
        if its == folder or (album not in mixed and (folder.parent in (its.parent, its) or its.parent == folder))
    ]
    return min(found)[1] if found else own  # that of the folder above the others


def _store_ids(session: Session, track_id: str, ids: Mapping[str, Sequence[str]]) -> None:
    """Store the external ids of tags, except in namespaces that a client has set."""
    of_track = ExternalIdRow.track_id == track_id
    fixed = set(session.scalars(select(ExternalIdRow.namespace).where(of_track, ExternalIdRow.by_client)))
    session.execute(delete(ExternalIdRow).where(of_track, ~ExternalIdRow.by_client))
    found = {namespace: values for namespace, values in ids.items() if namespace not in fixed}
    insert_ids(session, track_id, found, by_client=False)


def insert_ids(session: Session, track_id: str, ids: Mapping[str, Sequence[str]], *, by_client: bool) -> None:
    """Insert external ids of a track in their one form, each once."""
    rows = [
        {"track_id": track_id, "namespace": namespace, "value": value, "by_client": by_client}
        for namespace, values in ids.items()
        for value in dict.fromkeys(canonical_value(namespace, each) for each in values)
    ]
    if rows:
        session.execute(insert(ExternalIdRow), rows)
