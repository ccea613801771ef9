"""The tags of a track: those of the best of its files."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.catalog.names import TrackNames, split_keys
from services.catalog.tables import ExternalIdRow, LocationRow, Table, TrackArtistRow, TrackGenreRow, TrackRow
from services.domain.external_ids import canonical_value
from services.domain.fragments import fragment_of
from services.domain.track import Tags, TrackStatus

_COPIED = (
    *("title", "artist", "album", "album_artist", "genre", "year", "original_year", "disc_number", "disc_total"),
    *("track_number", "track_total", "comment", "compilation", "release_mbid", "replay_gain", "has_lyrics", "rating"),
)
_INDEXED = attrgetter("title", "artist_keys", "album_key", "year", "genre_keys", "fragment")


def retag(session: Session, row: TrackRow, separators: Sequence[str]) -> None:
    """Give a track the tags of its files: of the file with most of them, of equal ones of the file found first.

    Its external ids are those of all files. A track whose files have no stored tags keeps what it has.
    """
    query = select(LocationRow.path, LocationRow.tags).where(LocationRow.track_id == row.id)
    stored = session.execute(query.order_by(LocationRow.id)).all()
    files = [(path, Tags.from_json(tags)) for path, tags in stored if tags is not None]
    if not files:
        return
    _, best = max(files, key=lambda file: _richness(*file))
    names = TrackNames(
        best.title,
        best.artists,
        best.album,
        best.album_artists,
        best.genres,
        best.compilation,
        best.single_artists,
        best.single_album_artists,
    )
    before = _INDEXED(row)
    _copy(row, best, names.columns(separators))
    if row.album_key is None:
        row.album_id = None
    artists = [{**each, "added_at": row.added_at} for each in names.artist_rows(separators)]
    for table, rows in ((TrackArtistRow, artists), (TrackGenreRow, names.genre_rows(separators))):
        _replace(session, row.id, table, rows)
    ids = dict[str, list[str]]()
    for tags in (best, *(tags for _, tags in files)):
        for namespace, values in tags.ids.items():
            ids.setdefault(namespace, []).extend(values)
    _store_ids(session, row.id, ids)
    classify(row)
    if row.status == TrackStatus.READY and before != _INDEXED(row):
        row.revision += 1
        row.index_pending = True


def classify(row: TrackRow) -> None:
    """Store whether a track is no piece of music, after its tags or its analysis changed."""
    row.fragment = fragment_of(
        row.title,
        genres=split_keys(row.genre_keys),
        duration_ms=row.duration_ms,
        speechiness=row.speechiness,
        loudness=row.loudness,
    )


def _richness(path: str, tags: Tags) -> int:
    """Return the number of tags that a file has; a title that is the file's name is none."""
    return len(tags.to_json()) - (tags.title == PurePath(path).stem)


def _copy(row: TrackRow, tags: Tags, keys: Mapping[str, str | None]) -> None:
    for name in _COPIED:
        setattr(row, name, getattr(tags, name))
    row.composer, row.tag_bpm, row.tag_key = ", ".join(tags.composers) or None, tags.bpm, tags.key
    row.duration_ms = row.duration_ms or tags.duration_ms  # an analysis is more accurate than a header
    for name, key in keys.items():
        setattr(row, name, key)


def _replace(session: Session, track_id: str, table: type[Table], rows: list[dict[str, Any]]) -> None:
    columns = table.__table__.c
    names = [column.name for column in columns if column.name != "track_id"]
    query = select(*(columns[name] for name in names)).where(columns.track_id == track_id)
    stored = {tuple(row) for row in session.execute(query)}
    if stored == {tuple(row[name] for name in names) for row in rows}:
        return
    session.execute(delete(table).where(columns.track_id == track_id))
    if rows:
        session.execute(insert(table), [{"track_id": track_id, **row} for row in rows])


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
