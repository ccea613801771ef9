"""Own features of tracks: write, list and remove them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS, ROWS_PER_STATEMENT, Database, batched, now, rows_of
from services.catalog.indexing import request_rebuild
from services.catalog.own_values import current_features
from services.catalog.tables import OwnFeatureRow, OwnValueRow, TrackRow
from services.domain.errors import InvalidRequest
from services.domain.names import text_key
from services.domain.own_features import FEATURES_MAX, FeatureType, OwnFeature, OwnFeatureNotFound, Value

MARKED_MAX = 10_000
"""If more tracks change, the index is built again: it would be soon, because so many points are in no cell."""

ABANDONED_AFTER = timedelta(days=1)
"""When values that are not current belong to no import that runs."""

_FEATURE, _VALUE = OwnFeatureRow.__table__.c, OwnValueRow.__table__.c

Row = tuple[str, Mapping[str, Value]]
"""The id of a track, and its values by the names of features."""


class OwnFeatureStore:
    """Own features. Requests of libraries see those of which one of their tracks has a value."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[OwnFeature]:
        """Return all own features, sorted by name."""
        numbers = case((_FEATURE.type == FeatureType.NUMBER, _VALUE.number))
        counted = (
            select(_FEATURE.name, _FEATURE.type, _FEATURE.imported_at, func.count(_VALUE.track_id))
            .add_columns(func.min(numbers), func.max(numbers))
            .join_from(OwnFeatureRow.__table__, OwnValueRow.__table__, _FEATURE.id == _VALUE.feature_id, isouter=True)
            .where(_FEATURE.is_current)
            .group_by(_FEATURE.id, _FEATURE.name, _FEATURE.type, _FEATURE.imported_at)
            .order_by(_FEATURE.name)
        )
        with self._database.columns() as connection:
            rows = connection.execute(counted).all()
        return [OwnFeature(name, FeatureType(type_), *more) for name, type_, *more in rows]

    def types(self) -> dict[str, FeatureType]:
        """Return the types of all own features by name, sorted by name."""
        with self._database.columns() as connection:
            return {name: FeatureType(type_) for _, name, type_ in current_features(connection)}

    def remove(self, name: str) -> list[str]:
        """Remove a feature, or all of a namespace, and return their names.

        Raises:
            OwnFeatureNotFound: there is none with this name.
        """
        inside = or_(_FEATURE.name == name, _FEATURE.name.startswith(f"{name}.", autoescape=True))
        with self._database.write() as session:
            found = session.execute(select(_FEATURE.id, _FEATURE.name).where(_FEATURE.is_current, inside)).all()
            if not found:
                raise OwnFeatureNotFound(name)
            ids = [row.id for row in found]
            _mark_tracks_of(session, ids)
            session.execute(update(OwnFeatureRow).where(OwnFeatureRow.id.in_(ids)).values(is_current=False))
        self._discard(ids)
        return sorted(row.name for row in found)

    @contextmanager
    def replacing(self, types: Mapping[str, FeatureType]) -> Iterator["Staged"]:
        """Write features, which take the place of those with the same names when the block ends without an error.

        Raises:
            InvalidRequest: a feature has another type, or there would be too many.
        """
        self._discard(self._abandoned())
        staged = Staged(self._database, self._stage(types))
        try:
            yield staged
            old = self._publish(list(staged.ids.values()))
        except BaseException:
            self._discard(staged.ids.values())
            raise
        self._discard(old)

    def _stage(self, types: Mapping[str, FeatureType]) -> dict[str, int]:
        with self._database.write() as session:
            known = {name: type_ for _, name, type_ in current_features(session.connection())}
            for name, type_ in types.items():
                if known.get(name, type_) != type_:
                    raise InvalidRequest(
                        f"'{name}' has the type {known[name]}, and the file has values of the type {type_}. "
                        f"Remove it first, or import the column under another name."
                    )
            if len({*known, *types}) > FEATURES_MAX:
                raise InvalidRequest(f"There can be {FEATURES_MAX} own features. Remove some first.")
            rows = [
                OwnFeatureRow(name=name, type=type_.value, is_current=False, imported_at=now())
                for name, type_ in types.items()
            ]
            session.add_all(rows)
            session.flush()
            return {row.name: row.id for row in rows}

    def _publish(self, ids: Sequence[int]) -> list[int]:
        """Make features current, and return the ids of those that they replace."""
        with self._database.write() as session:
            names = select(_FEATURE.name).where(_FEATURE.id.in_(ids))
            old = session.scalars(select(_FEATURE.id).where(_FEATURE.is_current, _FEATURE.name.in_(names))).all()
            _mark_tracks_of(session, [*old, *ids])
            for rows, is_current in ((old, False), (ids, True)):
                changed = update(OwnFeatureRow).where(OwnFeatureRow.id.in_(rows))
                session.execute(changed.values(is_current=is_current, imported_at=now()))
        return list(old)

    def _abandoned(self) -> list[int]:
        """Return the ids of features that an interrupted import or removal has left."""
        with self._database.read() as session:
            left = select(_FEATURE.id).where(~_FEATURE.is_current, _FEATURE.imported_at < now() - ABANDONED_AFTER)
            return list(session.scalars(left))

    def _discard(self, ids: Iterable[int]) -> None:
        """Delete features that are not current, in short transactions."""
        for feature_id in ids:
            some = select(_VALUE.track_id).where(_VALUE.feature_id == feature_id).limit(ROWS_PER_STATEMENT * 10)
            deletion = delete(OwnValueRow).where(OwnValueRow.feature_id == feature_id, OwnValueRow.track_id.in_(some))
            is_left = True
            while is_left:
                with self._database.write() as session:
                    session.execute(deletion)
                    is_left = session.scalar(some.limit(1)) is not None
            with self._database.write() as session:
                session.execute(delete(OwnFeatureRow).where(OwnFeatureRow.id == feature_id))


class Staged:
    """Features that are being written. Nobody sees them yet."""

    def __init__(self, database: Database, ids: Mapping[str, int]) -> None:
        self._database = database
        self.ids = ids

    def taken(self, track_ids: Collection[str]) -> set[str]:
        """Return those of some tracks that have a value already."""
        found = select(_VALUE.track_id).where(_VALUE.feature_id.in_(self.ids.values()), _VALUE.track_id.in_(IDS))
        with self._database.columns() as connection:
            return {row.track_id for row in rows_of(connection, found, track_ids)}

    def add(self, rows: Sequence[Row]) -> None:
        """Write the values of some tracks; a track that was deleted meanwhile is left out."""
        known = select(TrackRow.id).where(TrackRow.id.in_(IDS))
        with self._database.write() as session:
            there = {row.id for row in rows_of(session, known, [track_id for track_id, _ in rows])}
            values = (
                _stored(self.ids[name], track_id, value)
                for track_id, own in rows
                if track_id in there
                for name, value in own.items()
            )
            for batch in batched(values, ROWS_PER_STATEMENT):
                # Not by the session, which executes another statement wherever a value changes to null.
                session.connection().execute(self._database.insert(OwnValueRow), batch)


def _stored(feature_id: int, track_id: str, value: Value) -> dict[str, Any]:
    number, text, key = (None, value, text_key(value)) if isinstance(value, str) else (float(value), None, None)
    return {"feature_id": feature_id, "track_id": track_id, "number": number, "text": text, "key": key}


def _mark_tracks_of(session: Session, ids: Collection[int]) -> None:
    """Let the indexes write the tracks with values of these features again."""
    tracks = select(_VALUE.track_id).where(_VALUE.feature_id.in_(ids))
    some = session.scalars(tracks.distinct().limit(MARKED_MAX + 1)).all()
    if len(some) > MARKED_MAX:
        request_rebuild(session)
        return
    changed = update(TrackRow).where(TrackRow.id.in_(tracks))
    session.execute(changed.values(index_pending=True, revision=TrackRow.revision + 1))
