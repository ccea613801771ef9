"""The rows of exported tables, as batches in one transaction: one snapshot of the catalogue."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    case,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType

from services.catalog.database import Database, batched
from services.catalog.failures import all_failures
from services.catalog.own_values import column_of, current_features
from services.catalog.space_columns import analyses_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import (
    AnswerRow,
    ComparisonRow,
    ExternalIdRow,
    ListenRow,
    LocationRow,
    OutcomeRow,
    PlaylistEntryRow,
    PlaylistRow,
    RecommendedTrackRow,
    TrackArtistRow,
    TrackGenreRow,
    TrackRow,
)
from services.catalog.tracks import readable
from services.domain.filters import ATTRIBUTES
from services.domain.listening import UNDATED, VERDICTS
from services.domain.names import KEY_SEPARATOR
from services.domain.own_features import FeatureType
from services.domain.track import DESCRIPTORS

BATCH_ROWS = 500
"""Rows in memory at a time. With more, the garbage collector visits them before they are freed, which takes longer."""

Rows = Sequence[Sequence[Any]]
"""Rows of values. Times are datetimes or, from SQLite, texts in UTC."""

_TRACK, _FILE, _LISTEN = TrackRow.__table__.c, LocationRow.__table__.c, ListenRow.__table__.c


@dataclass(frozen=True, slots=True)
class Selected:
    """Which rows of a table to read."""

    since: datetime | None = None
    """Those that were added, analysed, heard or changed at this time or later; None is all."""
    listeners: frozenset[str] | None = None
    """Of these listeners only; None is all."""

    def at_least(self, *moments: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Return the condition that one of these times is late enough."""
        return true() if self.since is None else or_(*(moment >= self.since for moment in moments))

    def of(self, listener: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
        """Return the condition that this listener is one of them."""
        return true() if self.listeners is None else listener.in_(self.listeners)


class ExportStore:
    """Reads whole tables."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        """Open a read-only transaction that sees the catalogue as it is now, whatever is written meanwhile.

        Raises:
            CatalogueUnavailable: the database does not respond.
        """
        with self._database.snapshot() as connection:
            yield Snapshot(connection, self._spaces.joined(), self._spaces.dimension())


class Snapshot:
    """The tables of a moment, analyses in the served space. Each method yields batches; read one table at a time."""

    def __init__(self, connection: Connection, space: str | None, dimension: int) -> None:
        self._connection = connection
        self.dimension = dimension  # of embeddings
        self._analyses = analyses_in(space)

    def tracks(self, selected: Selected) -> Iterator[Rows]:
        """Yield the tracks with their names, files and ids. See `services.export.tables` for the columns."""
        names = ("title", "artist", "album", "album_artist", "composer", "year", "original_year", "disc_number")
        more = ("track_number", "compilation", "duration_ms", "tag_bpm", "tag_key", "rating", "replay_gain", "fragment")
        own = [_TRACK[name] for name in (*names, *more, "status")]
        moments = (_raw(_TRACK.added_at), _raw(_TRACK.analysed_at))
        statement = (
            select(_TRACK.id, *own, *moments, *_TEXTS, *_OF_FILE)
            .select_from(TrackRow.__table__.outerjoin(LocationRow.__table__, _FILE.track_id == _TRACK.id))
            .where(selected.at_least(_TRACK.added_at, _TRACK.analysed_at))
        )
        # SQLite runs a left join as a loop over the tracks, so the rows of a track follow each other without sorting.
        if self._connection.dialect.name != "sqlite":
            statement = statement.order_by(_TRACK.id, _FILE.id)
        yield from _of_tracks(self._batches(statement))

    def features(self, selected: Selected) -> Iterator[Rows]:
        """Yield the attributes, descriptors and tags of analysed tracks, and their own features."""
        own = (column_of(feature_id, type_) for feature_id, _, type_ in current_features(self._connection))
        yield from self._batches(self._analysed(selected, *ATTRIBUTES, *DESCRIPTORS, "tags").add_columns(*own))

    def own_features(self) -> dict[str, FeatureType]:
        """Return the types of the own features by name, in the order of their columns."""
        return {name: FeatureType(type_) for _, name, type_ in current_features(self._connection)}

    def embeddings(self, selected: Selected) -> Iterator[Rows]:
        """Yield the embeddings of analysed tracks as bytes of little-endian float32."""
        yield from self._batches(self._analysed(selected, "embedding"))

    def listens(self, selected: Selected) -> Iterator[Rows]:
        """Yield all listen events."""
        at = _raw(func.nullif(_LISTEN.at, literal(UNDATED, _LISTEN.at.type)))
        names = ("played_ms", "artist", "title", "album", "duration_ms", "undated_plays")
        own = (_LISTEN.id, _LISTEN.listener, _LISTEN.track_id, _LISTEN.kind, at, *(_LISTEN[name] for name in names))
        yield from self._batches(select(*own).where(selected.at_least(_LISTEN.at), selected.of(_LISTEN.listener)))

    def verdicts(self, selected: Selected) -> Iterator[Rows]:
        """Yield the verdict that holds of each listener on each track: the latest one."""
        order = (_LISTEN.at.desc(), _LISTEN.id.desc())
        place = func.row_number().over(partition_by=(_LISTEN.listener, _LISTEN.track_id), order_by=order)
        given = (
            select(_LISTEN.listener, _LISTEN.track_id, _LISTEN.kind, _LISTEN.at, place.label("place"))
            .where(_LISTEN.kind.in_(VERDICTS), _LISTEN.track_id.is_not(None))
            .subquery()
        ).c
        own = (given.listener, given.track_id, given.kind, given.at)
        yield from self._batches(
            select(*own).where(given.place == 1, selected.at_least(given.at), selected.of(given.listener))
        )

    def playlists(self, selected: Selected) -> Iterator[Rows]:
        """Yield the entries of playlists in their order; a playlist without entries has one row without a track."""
        own = (PlaylistRow.id, PlaylistRow.name, PlaylistRow.owner, PlaylistRow.rules, PlaylistRow.updated_at)
        entry = (PlaylistEntryRow.position, PlaylistEntryRow.track_id, PlaylistEntryRow.added_at)
        statement = (
            select(*own, *entry)
            .select_from(PlaylistRow)
            .outerjoin(PlaylistEntryRow, PlaylistEntryRow.playlist_id == PlaylistRow.id)
            .where(
                selected.at_least(PlaylistRow.updated_at),
                or_(selected.of(PlaylistRow.owner), PlaylistRow.owner.is_(None)),
            )
            .order_by(PlaylistRow.id, PlaylistEntryRow.position)
        )
        for batch in self._batches(statement):
            yield [(*row[:3], row[3] is not None, *row[4:]) for row in batch]

    def recommendations(self, selected: Selected) -> Iterator[Rows]:
        """Yield the recommended tracks of logged answers, each with the first listen that followed."""
        answer, track, followed = AnswerRow.__table__.c, RecommendedTrackRow.__table__.c, OutcomeRow.__table__.c
        first = (
            select(followed.listen_id)
            .join(ListenRow, _LISTEN.id == followed.listen_id)
            .where(followed.answer == track.answer, followed.rank == track.rank)
            .order_by(_LISTEN.at, _LISTEN.id)
            .limit(1)
            .scalar_subquery()
        )
        heard = ListenRow.__table__.alias("heard")
        own = (answer.id, _raw(answer.at), answer.kind, answer.listener, answer.session, answer.model_version)
        tried = (answer.ranking_version, answer.experiment, answer.variant)
        place = (track.rank, track.track_id, track.score, track.reason, track.taste, track.propensity)
        statement = (
            select(*own, *tried, *place, heard.c.id, heard.c.kind, heard.c.played_ms)
            .select_from(AnswerRow.__table__.join(RecommendedTrackRow.__table__, track.answer == answer.number))
            .outerjoin(heard, heard.c.id == first)
            .where(selected.at_least(answer.at), selected.of(answer.listener))
        )
        yield from self._batches(statement)

    def comparisons(self, selected: Selected) -> Iterator[Rows]:
        """Yield the answers of blind comparisons."""
        row = ComparisonRow.__table__.c
        own = (row.id, row.listener, row.track_id, row.segue_id, row.baseline_id, row.baseline, row.model_version)
        more = (row.other_version, row.segue_first, row.preferred, _raw(row.answered_at))
        answered = (row.preferred.is_not(None), selected.at_least(row.answered_at), selected.of(row.listener))
        yield from self._batches(select(*own, *more).where(*answered))

    def failures(self, selected: Selected) -> Iterator[Rows]:
        """Yield the tracks, pictures and other files that cannot be used."""
        found = all_failures().subquery().c
        own = (found.subject, found.path, found.kind, found.reason, found.attempts, found.at)
        for batch in self._batches(select(*own).where(selected.at_least(found.at))):
            yield [(row[0], None if row[1] is None else readable(row[1]), *row[2:]) for row in batch]

    def _analysed(self, selected: Selected, *names: str) -> Select[Any]:
        """Return the statement that reads the ids, model versions and these columns of analysed tracks."""
        found = self._analyses
        read = select(_TRACK.id, found["model_version"], *(found[name] for name in names)).select_from(found.source)
        return read.where(found["embedding"].is_not(None), selected.at_least(found["analysed_at"]))

    def _batches(self, statement: Select[Any]) -> Iterator[Rows]:
        """Stream the rows of a statement, so that only a batch is in memory."""
        with self._connection.execute(statement, execution_options={"yield_per": BATCH_ROWS}) as result:
            yield from result.partitions()


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as the driver reads it: the conversions of SQLAlchemy take time for each value.

    SQLite's times are texts in UTC then, such as `2026-03-01 12:00:00.000000`.
    """
    return type_coerce(column, NullType())


def _joined(column: ColumnElement[Any], rows: FromClause, *order: Any) -> ColumnElement[Any]:  # noqa: ANN401  columns
    """Return the values of a track's rows of another table as one text."""
    values = select(column.label("value")).select_from(rows).where(rows.c.track_id == _TRACK.id)
    ordered = values.order_by(*order).correlate(TrackRow.__table__).subquery()
    return select(func.aggregate_strings(ordered.c.value, KEY_SEPARATOR)).scalar_subquery()


def _has_one(keys: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~keys.contains(KEY_SEPARATOR)


_ARTIST, _GENRE, _ID = TrackArtistRow.__table__, TrackGenreRow.__table__, ExternalIdRow.__table__
_ARTISTS = select(_ARTIST).where(_ARTIST.c.role == "artist").subquery()
_TEXTS = (
    # Most tracks have one artist and one genre, and then no other table is read.
    case((_has_one(_TRACK.artist_keys), _TRACK.artist), else_=_joined(_ARTISTS.c.name, _ARTISTS, _ARTISTS.c.position)),
    case((_has_one(_TRACK.genre_keys), _TRACK.genre), else_=_joined(_GENRE.c.name, _GENRE, _GENRE.c.position)),
    _joined(_ID.c.namespace + ":" + _ID.c.value, _ID, _ID.c.namespace, _ID.c.value),
)
_OF_FILE = (_FILE.library, _raw(_FILE.path), _raw(_FILE.root), _FILE.size)
_OF_TRACK = 20
"""Number of the columns before `_TEXTS`."""


def _of_tracks(batches: Iterable[Rows]) -> Iterator[Rows]:
    """Yield one row per track from rows per file, which are in the order of the tracks."""
    tracks = groupby(chain.from_iterable(batches), itemgetter(0))
    yield from batched((_of_files(list(files)) for _, files in tracks), BATCH_ROWS)


# A library has millions of rows, so this makes few objects: the garbage collector visits each of them.
def _of_files(rows: Rows) -> tuple[Any, ...]:
    """Return the row of a track from those of its files."""
    own, (artists, genres, ids, library, path, root, size) = rows[0][:_OF_TRACK], rows[0][_OF_TRACK:]
    texts = (_split(artists), _split(genres), _ids(ids))
    if path is None:
        return (*own, *texts, None, None, None, None, 0, _split(None))
    libraries = _split(library) if len(rows) == 1 else _libraries(rows)
    name = _text(path[len(root) :].lstrip(b"/") if path.startswith(root) else path)
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot and "/" not in suffix else ""
    return (*own, *texts, name, _root(root), suffix, size, len(rows), libraries)


def _libraries(rows: Rows) -> list[str]:
    return list(dict.fromkeys(row[_OF_TRACK + 3] for row in rows if row[_OF_TRACK + 3] is not None))


@lru_cache(maxsize=1024)
def _split(values: str | None) -> list[str]:
    """Return the values of a text; tracks of an album share the list."""
    return values.split(KEY_SEPARATOR) if values else []


@lru_cache(maxsize=1)
def _ids(ids: str | None) -> list[str]:
    # The value is empty if a client removed the id.
    return [each for each in ids.split(KEY_SEPARATOR) if each[-1] != ":"] if ids else []


def _text(path: bytes) -> str:
    """Return a path as valid Unicode: bytes that are not UTF-8 become replacement characters."""
    return path.decode("utf-8", "replace")


_root = lru_cache(maxsize=1024)(_text)
