"""Browse tracks: pages in any order, with filters, and what the filters can choose from."""

import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    UnaryExpression,
    and_,
    false,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.operators import custom_op

from services.catalog import tenancy
from services.catalog.database import IDS, Database, decode_cursor, encode_cursor, rows_of
from services.catalog.names import ARTIST, CREDIT, id_of_key, tracks_of
from services.catalog.own_values import tracks_with_text, tracks_within
from services.catalog.successors import not_deleted
from services.catalog.tables import HeardTagRow, LocationRow, TrackGenreRow, TrackRow
from services.catalog.tracks import NO_KEY, found_tracks
from services.domain.filters import ATTRIBUTES, FRAGMENT, RANGE_FIELDS, Filters, Range, keyword_keys
from services.domain.libraries import LIBRARY, Libraries
from services.domain.library import BINS, Genre, Histogram, Selection, TrackPage
from services.domain.names import KEY_SEPARATOR, text_key
from services.domain.own_features import is_own
from services.domain.track import Track, TrackStatus

_TRACK, _TAG, _GENRE = TrackRow.__table__.c, HeardTagRow.__table__.c, TrackGenreRow.__table__.c
MISSING = select(_TRACK.id).where(_TRACK.status == TrackStatus.MISSING)
"""The query of the ids of tracks without a file."""

Condition = ColumnElement[bool]

_SORTED_BY: dict[str, tuple[ColumnElement[Any], ...]] = {
    "artist": (_TRACK.sort_key,),
    "title": (_TRACK.title_key,),
    "album": (_TRACK.album_key, _TRACK.disc_number, _TRACK.track_number),
    "added": (_TRACK.added_at,),
    **{name: (_TRACK[name],) for name in RANGE_FIELDS},
}

EVERYTHING = Selection()

LISTED_GENRES_MAX = 500
"""Genres of files that are listed, those with the most tracks; some libraries have thousands of misspelt ones."""

HISTOGRAMS_SECONDS = 60.0
"""How long histograms are kept while no track is added or analysed: they take half a second at 100,000 tracks."""

READ_PER_RANDOM = 10
"""Ids that are read for each random track, so that the same tracks are rarely drawn together. A library of less is read
whole."""

RARE = 0.005
"""The share of the values beyond each end of a histogram, which a few odd tracks would stretch otherwise."""


@dataclass(frozen=True, slots=True)
class _Cached:
    histograms: list[Histogram]
    counts: tuple[Any, ...]
    """The libraries that they are of, and the number of tracks with each status when they were made."""
    at: float


class BrowseStore:
    """Reads pages of the library, and its genres and histograms."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._histograms: _Cached | None = None

    def page(
        self, selection: Selection = EVERYTHING, *, offset: int = 0, cursor: str | None = None, limit: int = 50
    ) -> TrackPage:
        """Return a page of the selected tracks, from an offset or a cursor.

        Raises:
            InvalidCursor: this service did not create the cursor for this order.
        """
        by_key = selection.sort == "artist"
        columns = (_TRACK.id, _TRACK.sort_key) if by_key else (_TRACK.id,)
        is_filtered = bool(selection.search) or selection.filters != Filters() or selection.ids is not None
        # The order of artists is that of the index that has all columns.
        order = _order(selection, by_index=by_key or not is_filtered or not self._database.is_sqlite)
        query = select(*columns).where(*conditions(selection)).order_by(*order).limit(limit + 1)
        if cursor is not None and by_key:
            here, after = tuple_(_TRACK.sort_key, _TRACK.id), tuple_(*decode_cursor(cursor, str, str))
            query = query.where(here < after if selection.descending else here > after)
        elif cursor is not None:
            [offset] = decode_cursor(cursor, int)
        with self._database.columns() as connection:
            rows = connection.execute(query.offset(offset)).all()
            shown = rows[:limit]
            found = found_tracks(connection, [row.id for row in shown])
        following = None
        if len(rows) > limit:
            following = encode_cursor(shown[-1].sort_key, shown[-1].id) if by_key else encode_cursor(offset + limit)
        return TrackPage([found[row.id] for row in shown if row.id in found], following)

    def random(self, selection: Selection, count: int) -> list[Track]:
        """Return some of the selected tracks, others each time, in a random order.

        They come from one part of the library, at a random place in the order of ids. Ids are hashes, so such tracks
        have nothing in common.
        """
        start, ordered = str(uuid.uuid4()), select(_TRACK.id).where(*conditions(selection)).order_by(_TRACK.id)
        wanted = READ_PER_RANDOM * count
        with self._database.columns() as connection:
            ids = list(connection.execute(ordered.where(_TRACK.id >= start).limit(wanted)).scalars())
            ids += connection.execute(ordered.where(_TRACK.id < start).limit(wanted - len(ids))).scalars()
            chosen = [ids[place] for place in np.random.default_rng().permutation(len(ids))[:count].tolist()]
            found = found_tracks(connection, chosen)
        return [found[each] for each in chosen if each in found]

    def count(self, selection: Selection) -> int:
        """Return the number of selected tracks."""
        with self._database.columns() as connection:
            return connection.scalar(select(func.count()).select_from(TrackRow).where(*conditions(selection))) or 0

    def names(self, selection: Selection, limit: int) -> list[tuple[str, str, str]]:
        """Return the id, the key (`text_key`) of the artist and that of the title of selected tracks, by artist."""
        query = select(_TRACK.id, _TRACK.sort_key).where(*conditions(selection)).order_by(_TRACK.sort_key, _TRACK.id)
        with self._database.columns() as connection:
            rows = connection.execute(query.limit(limit)).all()
        parts = ((row.id, row.sort_key.split(KEY_SEPARATOR)) for row in rows)
        return [(track_id, artist, title) for track_id, (artist, _, title) in parts]

    def meeting(self, track_ids: Collection[str], filters: Filters) -> frozenset[str]:
        """Return those of some tracks that meet filters."""
        found = select(_TRACK.id).where(_TRACK.id.in_(IDS), *filter_conditions(filters))
        with self._database.columns() as connection:
            return frozenset(row.id for row in rows_of(connection, found, track_ids))

    def genres_in(self, libraries: Libraries) -> list[Genre]:
        """Return all genres of the files of some libraries, or of all files, with the numbers of tracks and albums."""
        tracks, albums = func.count(), func.count(_TRACK.album_id.distinct())
        query = select(func.min(_GENRE.name), tracks, albums).join_from(
            TrackGenreRow.__table__, TrackRow.__table__, _GENRE.track_id == _TRACK.id
        )
        inside = [] if libraries is None else [_TRACK.id.in_(tracks_in(*libraries))]
        query = query.where(in_library(), *inside).group_by(_GENRE.key).order_by(_GENRE.key)
        with self._database.columns() as connection:
            return [Genre(*row) for row in connection.execute(query)]

    def latest_addition(self) -> datetime | None:
        """Return when the newest track was added; None in an empty library."""
        with self._database.columns() as connection:
            newest: datetime | None = connection.scalar(select(func.max(_TRACK.added_at, type_=_TRACK.added_at.type)))
        return newest

    def file_genres(self) -> list[Genre]:
        """Return the genres of files, those with the most tracks first."""
        number = func.count().label("number")
        query = (
            select(func.min(_GENRE.name), number)
            .where(_GENRE.track_id.not_in(MISSING))
            .group_by(_GENRE.key)
            .order_by(number.desc(), _GENRE.key)
            .limit(LISTED_GENRES_MAX)
        )
        with self._database.columns() as connection:
            return [Genre(*row) for row in connection.execute(query)]

    def heard_tags(self) -> list[Genre]:
        """Return the tags that are heard, those with the most tracks first."""
        number = func.count().label("number")
        present = select(_TAG.name, number).where(_TAG.track_id.not_in(MISSING))
        query = present.group_by(_TAG.name).order_by(number.desc(), _TAG.name)
        with self._database.columns() as connection:
            return [Genre(*row) for row in connection.execute(query)]

    def histograms(self) -> list[Histogram]:
        """Return the distribution of each value that filters can use, at most `HISTOGRAMS_SECONDS` old."""
        counts = self._counts()
        cached = self._histograms
        if cached is None or cached.counts != counts or cached.at < time.monotonic() - HISTOGRAMS_SECONDS:
            cached = _Cached([self._histogram(name) for name in RANGE_FIELDS], counts, time.monotonic())
            self._histograms = cached
        return cached.histograms

    def _counts(self) -> tuple[Any, ...]:
        numbers = select(_TRACK.status, func.count()).group_by(_TRACK.status).order_by(_TRACK.status)
        with self._database.columns() as connection:
            return (tenancy.libraries(), *map(tuple, connection.execute(numbers)))

    def _histogram(self, name: str) -> Histogram:
        column = _TRACK[name]
        known = [in_library(), column.is_not(None), *([column != NO_KEY] if name == "key" else [])]
        with self._database.columns() as connection:
            total = connection.scalar(select(func.count()).select_from(TrackRow).where(*known)) or 0
            if not total:
                return Histogram(name, 0.0, 1.0, [0] * BINS)
            if name in ATTRIBUTES:
                low, high = 0.0, 1.0
            else:
                in_order = select(column).where(*known).order_by(column).limit(1)
                low, high = (
                    float(connection.execute(in_order.offset(round((total - 1) * share))).scalar_one())
                    for share in (RARE, 1 - RARE)
                )
            edges = np.linspace(low, high, BINS + 1)[1:-1].tolist()
            ends = zip([None, *edges], [*edges, None], strict=True)
            within = [_between(column, start, end) for start, end in ends]
            inside = [select(func.count()).select_from(TrackRow).where(*known, condition) for condition in within]
            bins = connection.execute(select(*(each.scalar_subquery() for each in inside))).one()
        return Histogram(name, low, high, list(bins))


def conditions(selection: Selection) -> list[Condition]:
    """Return the conditions that tracks of a selection meet."""
    words = [key for word in selection.search.split() if (key := text_key(word))]
    found = [not_deleted(_TRACK.id), *(_TRACK.sort_key.contains(word, autoescape=True) for word in words)]
    if selection.id_prefix:
        found.append(_TRACK.id.startswith(selection.id_prefix, autoescape=True))
    if selection.ids is not None:
        found.append(_TRACK.id.in_(selection.ids))
    if selection.statuses:
        found.append(has_status(*selection.statuses))
    return found + filter_conditions(selection.filters)


def has_status(*statuses: TrackStatus) -> Condition:
    """Return the condition of tracks with one of these statuses."""
    # Not equality: SQLite would read the rows of the index on statuses, one page of the file each.
    return _TRACK.status.not_in([status for status in TrackStatus if status not in statuses])


def filter_conditions(filters: Filters) -> list[Condition]:
    """Return the conditions of filters, which mean the same as in the vector index."""
    # As expressions, so that SQLite reads the index that has all columns. The index of one column is slower: it leads
    # to the rows, and each is in another page of the file.
    found = [
        _own_within(name, wanted, or_unknown=name in filters.or_unknown)
        if is_own(name)
        else _within(_TRACK[name] + 0, wanted, or_unknown=name in filters.or_unknown)
        for name, wanted in filters.ranges.items()
    ]
    if {"key", "mode"} & filters.ranges.keys() - filters.or_unknown:
        found.append(_TRACK.key != NO_KEY)
    found += [_has_any(name, values) for name, values in filters.any_of.items()]
    # A null meets no condition, but is none of the values either.
    found += [
        func.coalesce(_is_unwanted(name, values), false()).is_(false()) for name, values in filters.none_of.items()
    ]
    return found


def _between(column: ColumnElement[Any], start: float | None, end: float | None) -> Condition:
    ends = [*([] if start is None else [column >= start]), *([] if end is None else [column < end])]
    return and_(*ends)


def _within(column: ColumnElement[Any], wanted: Range, *, or_unknown: bool) -> Condition:
    ends = [
        *([] if wanted.min is None else [column >= wanted.min]),
        *([] if wanted.max is None else [column <= wanted.max]),
    ]
    return or_(and_(*ends), column.is_(None)) if or_unknown else and_(*ends)


def _own_within(name: str, wanted: Range, *, or_unknown: bool) -> Condition:
    # An expression, so that SQLite reads the index that has all columns instead of each track with a value.
    track = func.coalesce(_TRACK.id, "")
    inside = track.in_(tracks_within(name, wanted))
    return or_(inside, track.not_in(tracks_within(name, Range()))) if or_unknown else inside


def _has_any(name: str, values: Sequence[str]) -> Condition:
    if is_own(name):
        return func.coalesce(_TRACK.id, "").in_(tracks_with_text(name, values))
    keys = {key for value in values for key in keyword_keys(name, value)}
    if name == "artist":
        return _TRACK.id.in_(tracks_of({id_of_key(key) for key in keys}, ARTIST, CREDIT))
    if name == "album":
        return _TRACK.album_key.in_(keys)
    if name == LIBRARY:
        return _TRACK.id.in_(tracks_in(*values))
    if name == "tags":
        return _TRACK.id.in_(select(_TAG.track_id).where(_TAG.key.in_(keys)))
    # An expression, so that SQLite reads the index that has all columns instead of each track of a common genre.
    return func.coalesce(_TRACK.id, "").in_(tracks_of_genres(values))


def _is_unwanted(name: str, values: Sequence[str]) -> Condition:
    if name == FRAGMENT:
        return _TRACK.fragment.in_(values)
    if name != "genre":
        return _has_any(name, values)
    keys = {key for value in values for key in keyword_keys(name, value)}
    of_file, heard = (_TRACK.id.in_(select(table.track_id).where(table.key.in_(keys))) for table in (_GENRE, _TAG))
    return or_(of_file, and_(func.coalesce(_TRACK.genre_keys, "") == "", heard))


def tracks_of_genres(values: Sequence[str]) -> CompoundSelect[Any]:
    """Return the query of the ids of tracks of one of these genres: the file's, or a tag that is heard."""
    keys = {key for value in values for key in keyword_keys("genre", value)}
    of_file, heard = (select(table.track_id).where(table.key.in_(keys)) for table in (_GENRE, _TAG))
    return union_all(of_file, heard)


def tracks_in(*libraries: str) -> Select[Any]:
    """Return the query of the ids of tracks with a file in one of these named libraries."""
    return select(LocationRow.track_id).where(LocationRow.library.in_([text_key(each) for each in libraries]))


def in_library() -> Condition:
    """Return the condition of tracks that have a file."""
    return _TRACK.status != TrackStatus.MISSING


def _order(selection: Selection, *, by_index: bool) -> list[ColumnElement[Any]]:
    """Return the order of a selection; without `by_index`, SQLite sorts instead of reading the rows in that order."""
    keys = [*_SORTED_BY[selection.sort], _TRACK.id]
    if not by_index:
        keys[0] = UnaryExpression(keys[0], operator=custom_op("+"))
    turned = [key.desc() if selection.descending else key.asc() for key in keys]
    return [turned[0].nulls_last(), *turned[1:]]
