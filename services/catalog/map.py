"""The map: fits, the points of its tracks, and values to colour them by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS, IDS_PER_STATEMENT, ROWS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.space_columns import analyses_in, read_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import MapPointRow, MapRow, MetaRow, TrackGenreRow, TrackRow
from services.catalog.tracks import vector_of, vectors_of
from services.domain.map import MapPoints, MapState, MapTrack, Placed, Region
from services.domain.track import TrackStatus

REQUESTED = "map_requested"
"""The key of the row that exists while somebody waits for a new map."""

LANDMARKS = 20_000
"""Tracks whose points decide where a new track is placed: 10 MB in each process that analyses."""

NAMES: Mapping[str, Any] = {
    "genre": func.coalesce(
        select(TrackGenreRow.name)
        .where(TrackGenreRow.track_id == TrackRow.id, TrackGenreRow.position == 0)
        .scalar_subquery(),
        MapPointRow.tag,
    ),
    "album": TrackRow.album,
    "artist": TrackRow.artist,
}
"""The texts that points can be coloured by. The genre is the file's first, otherwise the strongest heard tag."""

_POINT, _TRACK = MapPointRow.__table__.c, TrackRow.__table__.c

_READY_IDS = select(_TRACK.id.label("id")).where(_TRACK.status == TrackStatus.READY)


class MapStore:
    """Stores maps; a fit becomes the current map when all of its points are written."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    def state(self) -> MapState | None:
        """Return the current map without its points; None before the first fit."""
        with self._database.read() as session:
            row = _current(session)
            return None if row is None else _state(row)

    def points(self, version: int) -> MapPoints:
        """Return the points of a map, ordered by track id."""
        found = select(_POINT.track_id, _POINT.x, _POINT.y).where(_POINT.version == version)
        with self._database.columns() as connection:
            # Sorted here: in the order of an index, SQLite reads a page of the file for each point.
            rows = sorted(map(tuple, connection.execute(found)))
        return MapPoints([row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2))

    def count(self, version: int) -> int:
        """Return the number of points of a map."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).where(MapPointRow.version == version)) or 0

    def values(self, version: int, by: str) -> list[Any]:
        """Return a value of each track on a map, in the order of `points`; None where it is unknown.

        `by` is one of `NAMES`, or one of `RANGE_FIELDS`.
        """
        if by not in NAMES:
            return self._numbers(version, by)
        found = (
            select(NAMES[by])
            .join_from(MapPointRow.__table__, TrackRow.__table__, _POINT.track_id == _TRACK.id)
            .where(_POINT.version == version)
            .order_by(_POINT.track_id)
        )
        with self._database.columns() as connection:
            return [row[0] for row in connection.execute(found)]

    def _numbers(self, version: int, by: str) -> list[float | None]:
        # Without a join, for which SQLite reads each row of the tracks: an index has the ids and numbers.
        known = select(_TRACK.id, _TRACK[by]).where(_TRACK[by].is_not(None), _TRACK.status != TrackStatus.MISSING)
        with self._database.columns() as connection:
            values = {track_id: value for track_id, value in connection.execute(known)}  # noqa: C416  no pairs to mypy
            return [values.get(track_id) for track_id in connection.scalars(_ids_on(version).order_by("id"))]

    def landmarks(self, version: int, model_version: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return embeddings, (n, d), and points, (n, 2), of tracks on a map: at most `LANDMARKS`, a random sample."""
        sample = (
            select(_POINT.track_id, _POINT.x, _POINT.y)
            .where(_POINT.version == version)
            .order_by(_POINT.track_id)  # ids are hashes
            .limit(LANDMARKS)
        )
        there = analyses_in(model_version).is_there(self._spaces.dimension(model_version))
        found = read_in(model_version, "embedding").where(_TRACK.id.in_(IDS), there)
        with self._database.columns() as connection:
            places = {row.track_id: (row.x, row.y) for row in connection.execute(sample)}
            rows = sorted(rows_of(connection, found, list(places)), key=itemgetter(0))
        points = np.array([places[row.id] for row in rows], dtype=np.float64).reshape(-1, 2)
        return vectors_of([row.embedding for row in rows]), points

    def unplaced(self, version: int, limit: int = ROWS_PER_STATEMENT) -> list[MapTrack]:
        """Return some ready tracks that have no point on a map, with their analyses by its model version."""
        with self._database.columns() as connection:
            space = connection.scalar(select(MapRow.model_version).where(MapRow.version == version))
            there = analyses_in(space).is_there(self._spaces.dimension(space))
            found = read_in(space, "embedding", "tags").where(_TRACK.id.in_(IDS), there)
            without = connection.scalars(_READY_IDS.except_(_ids_on(version)).order_by("id"))
            rows = (row for ids in batched(without, limit) for row in rows_of(connection, found, ids))
            return [MapTrack(row.id, vector_of(row.embedding), row.tags or {}) for row in islice(rows, limit)]

    def place(self, version: int, tracks: Iterable[Placed]) -> None:
        """Add tracks to the map of this version; tracks that it has already keep their points."""
        for batch in batched(_rows(version, tracks), ROWS_PER_STATEMENT):
            adding = self._database.insert(MapPointRow).values(batch).on_conflict_do_nothing()
            with self._database.write() as session:
                added = len(session.execute(adding.returning(MapPointRow.track_id)).all())
                self._changed(session, version, added)

    def remove_gone(self, version: int) -> int:
        """Remove the points of tracks that are not ready any more, and return their number."""
        is_gone = ~exists().where(TrackRow.id == MapPointRow.track_id, TrackRow.status == TrackStatus.READY)
        with self._database.columns() as connection:  # a write would make other writers wait
            gone = connection.scalars(_ids_on(version).except_(_READY_IDS).order_by("id")).all()
        for batch in batched(gone, IDS_PER_STATEMENT):
            with self._database.write() as session:
                session.execute(
                    delete(MapPointRow).where(MapPointRow.version == version, MapPointRow.track_id.in_(batch), is_gone)
                )
                self._changed(session, version, len(batch))
        return len(gone)

    def tracks(self) -> Iterator[list[MapTrack]]:
        """Iterate over all ready tracks in batches, ordered by id."""
        state = self.state()
        version, after = 0 if state is None else state.version, ""
        while rows := self._tracks_after(version, after):
            yield [
                MapTrack(row.id, vector_of(row.embedding), row.tags or {}, None if row.x is None else (row.x, row.y))
                for row in rows
            ]
            after = rows[-1].id

    def publish(self, tracks: Iterable[Placed], regions: Sequence[Region], *, method: str, model_version: str) -> int:
        """Store a fit, make it the current map and return its version. One process may do so at a time.

        The points are written in small transactions, because other writers wait for each; the last one changes maps.
        """
        with self._database.read() as session:
            version = 1 + max(session.scalar(select(func.max(table.version))) or 0 for table in (MapRow, MapPointRow))
        fitted = 0
        for batch in batched(_rows(version, tracks), ROWS_PER_STATEMENT):
            fitted += len(batch)
            with self._database.write() as session:
                known = set(
                    session.scalars(select(TrackRow.id).where(TrackRow.id.in_([row["track_id"] for row in batch])))
                )
                session.execute(insert(MapPointRow), [row for row in batch if row["track_id"] in known])
        with self._database.write() as session:
            session.add(
                MapRow(
                    version=version,
                    method=method,
                    model_version=model_version,
                    fitted=fitted,
                    fitted_at=now(),
                    regions=[asdict(region) for region in regions],
                )
            )
            session.execute(delete(MapRow).where(MapRow.version < version))
            session.execute(delete(MetaRow).where(MetaRow.key == REQUESTED))
        self._remove_old(version)
        return version

    def request(self) -> None:
        """Ask for a new map."""
        with self._database.write() as session:
            session.merge(MetaRow(key=REQUESTED, value=now().isoformat()))

    def is_requested(self) -> bool:
        """Return whether somebody waits for a new map."""
        with self._database.read() as session:
            return session.get(MetaRow, REQUESTED) is not None

    def ready(self) -> tuple[int, str | None]:
        """Return the number of ready tracks, and the served space."""
        with self._database.read() as session:
            count = session.scalar(select(func.count()).where(TrackRow.status == TrackStatus.READY)) or 0
            one = select(TrackRow.model_version).where(TrackRow.status == TrackStatus.READY).limit(1)
            return count, self._spaces.view().served or session.scalar(one)

    def _tracks_after(self, version: int, after: str) -> Sequence[Any]:
        analyses = analyses_in(self._spaces.joined())
        on_map = and_(_POINT.track_id == _TRACK.id, _POINT.version == version)
        found: Select[Any] = (
            select(_TRACK.id, analyses["embedding"], analyses["tags"], _POINT.x, _POINT.y)
            .select_from(analyses.source.outerjoin(MapPointRow.__table__, on_map))
            .where(analyses.is_there(self._spaces.dimension()), _TRACK.id > after)
            .order_by(_TRACK.id)
            .limit(ROWS_PER_STATEMENT)
        )
        with self._database.columns() as connection:
            return connection.execute(found).all()

    def _remove_old(self, version: int) -> None:
        while True:
            with self._database.write() as session:
                old = select(MapPointRow.track_id).where(MapPointRow.version != version).limit(IDS_PER_STATEMENT)
                ids = session.scalars(old).all()
                if not ids:
                    return
                session.execute(
                    delete(MapPointRow).where(MapPointRow.version != version, MapPointRow.track_id.in_(ids))
                )

    def _changed(self, session: Session, version: int, count: int) -> None:
        if count:
            session.execute(update(MapRow).where(MapRow.version == version).values(revision=MapRow.revision + count))


def _ids_on(version: int) -> Select[Any]:
    """Return the query of the ids of tracks on a map. With EXCEPT and an order, SQLite compares two indexes."""
    return select(_POINT.track_id.label("id")).where(_POINT.version == version)


def _current(session: Session) -> MapRow | None:
    return session.scalars(select(MapRow).order_by(MapRow.version.desc()).limit(1)).first()


def _state(row: MapRow) -> MapState:
    regions = (Region(**region | {"tags": tuple(region["tags"])}) for region in row.regions)
    return MapState(row.version, row.revision, row.method, row.model_version, row.fitted, row.fitted_at, tuple(regions))


def _rows(version: int, tracks: Iterable[Placed]) -> Iterator[dict[str, Any]]:
    return ({"version": version, **asdict(track)} for track in tracks)
