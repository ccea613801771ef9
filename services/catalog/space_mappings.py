"""Linear maps between spaces: they carry the vectors of texts and pictures into a space that has no text tower."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, exists, select

from services.catalog.database import IDS, Database, now, rows_of
from services.catalog.space_columns import analyses_in, read_in
from services.catalog.spaces import SpaceViews
from services.catalog.tables import SpaceMappingRow, TrackRow
from services.catalog.tracks import vectors_of
from services.domain.spaces import CARRIED_COSINE, Mapping
from services.domain.track import Vector

Carrier = Callable[[Vector], Vector]
Float32Array = NDArray[np.float32]
_ROW = SpaceMappingRow.__table__.c


class SpaceMappingStore:
    """Stores the maps."""

    def __init__(self, database: Database, spaces: SpaceViews) -> None:
        self._database = database
        self._spaces = spaces

    def store(self, source: str, target: str, mapping: Mapping) -> None:
        """Store the map from one space into another."""
        row = SpaceMappingRow(
            source=source,
            target=target,
            matrix=mapping.matrix.astype("<f4").tobytes(),
            cosine=mapping.cosine,
            fitted_at=now(),
        )
        with self._database.write() as session:
            session.merge(row)

    def pairs(self, first: str, second: str, limit: int) -> tuple[list[str], Float32Array, Float32Array]:
        """Return some tracks with analyses in both spaces, a random sample, and their vectors in each, (n, d)."""
        here, there = (analyses_in(each).is_there(self._spaces.dimension(each)) for each in (first, second))
        sample = read_in(first, "embedding").where(here).order_by(TrackRow.id).limit(limit)
        with self._database.columns() as connection:
            one = dict(map(tuple, connection.execute(sample)))
            found = read_in(second, "embedding").where(TrackRow.id.in_(IDS), there)
            other = dict(map(tuple, rows_of(connection, found, list(one))))
        ids = [track_id for track_id in one if track_id in other]
        return ids, vectors_of([one[each] for each in ids]), vectors_of([other[each] for each in ids])

    def carrier(self, source: str, target: str | None) -> Carrier | None:
        """Return what carries vectors from one space into another; None if nothing does well enough."""
        with self._database.columns() as connection:
            return carrier(connection, source, target)


def carrier(connection: Connection, source: str | None, target: str | None) -> Carrier | None:
    """Return what `SpaceMappingStore.carrier` does, in an open transaction."""
    if target is None or source in {None, target}:
        return lambda vector: vector
    found = select(_ROW.matrix, _ROW.cosine).where(_ROW.source == source, _ROW.target == target)
    row = connection.execute(found.where(_ROW.cosine >= CARRIED_COSINE)).first()
    if row is None:
        return None
    numbers = np.frombuffer(row.matrix, dtype="<f4")
    return lambda vector: Mapping(numbers.reshape(len(vector), -1), row.cosine).carry(vector)


def carries(source: ColumnElement[str | None], target: str) -> ColumnElement[bool]:
    """Return the condition that a map into a space from that in a column is good enough."""
    return exists().where(_ROW.source == source, _ROW.target == target, _ROW.cosine >= CARRIED_COSINE)
