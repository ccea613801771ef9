"""Values of own features, as other stores read them: for filters, indexes, responses and exports."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from services.catalog.database import IDS, rows_of
from services.catalog.tables import OwnFeatureRow, OwnValueRow, TrackRow
from services.domain.filters import Range, keyword_keys
from services.domain.own_features import FeatureType, Value
from services.domain.vector_index import PayloadValue

_FEATURE, _VALUE = OwnFeatureRow.__table__.c, OwnValueRow.__table__.c
_CURRENT = select(_VALUE.track_id, _FEATURE.name, _FEATURE.type, _VALUE.number, _VALUE.text, _VALUE.key).join_from(
    OwnValueRow.__table__, OwnFeatureRow.__table__, and_(_FEATURE.id == _VALUE.feature_id, _FEATURE.is_current)
)
_OF_TRACKS = _CURRENT.where(_VALUE.track_id.in_(IDS))

OWN_VALUES = _OF_TRACKS.with_only_columns(_VALUE.track_id, _FEATURE.type, _FEATURE.name, _VALUE.text, _VALUE.number)
"""The statement for the own features of the tracks `IDS`, as part of a larger one."""


def current_features(connection: Connection) -> list[tuple[int, str, str]]:
    """Return id, name and type of the own features, sorted by name, in an open transaction."""
    found = select(_FEATURE.id, _FEATURE.name, _FEATURE.type).where(_FEATURE.is_current).order_by(_FEATURE.name)
    return [(feature_id, name, type_) for feature_id, name, type_ in connection.execute(found)]


def own_payloads_of(connection: Connection, track_ids: Collection[str]) -> dict[str, dict[str, PayloadValue]]:
    """Return what indexes store of the own features of some tracks: numbers, and lists of keys."""
    found: dict[str, dict[str, PayloadValue]] = defaultdict(dict)
    for track_id, name, _, number, _, key in rows_of(connection, _OF_TRACKS, track_ids):
        found[track_id][name] = [key] if number is None else number
    return found


def value_of(type_: str, number: float | None, text: str | None) -> Value:
    """Return a stored value as what it is."""
    if number is None:
        return text or ""
    return bool(number) if type_ == FeatureType.FLAG else number


def column_of(feature_id: int, type_: str) -> ColumnElement[Any]:
    """Return the value of a feature, for a statement that selects from tracks."""
    value = {FeatureType.TEXT: _VALUE.text, FeatureType.FLAG: _VALUE.number == 1}.get(FeatureType(type_), _VALUE.number)
    own = select(value).where(_VALUE.feature_id == feature_id, _VALUE.track_id == TrackRow.__table__.c.id)
    return own.correlate(TrackRow.__table__).scalar_subquery()


def tracks_within(name: str, wanted: Range) -> Select[Any]:
    """Return the query of the ids of tracks whose number is in a range; `Range()` is any number."""
    ends = [
        *([] if wanted.min is None else [_VALUE.number >= wanted.min]),
        *([] if wanted.max is None else [_VALUE.number <= wanted.max]),
    ]
    return _tracks_of(name).where(_VALUE.number.is_not(None), *ends)


def tracks_with_text(name: str, values: Iterable[str]) -> Select[Any]:
    """Return the query of the ids of tracks that have one of these texts."""
    keys = {key for value in values for key in keyword_keys(name, value)}
    return _tracks_of(name).where(_VALUE.key.in_(keys))


def _tracks_of(name: str) -> Select[Any]:
    # Not a join, so that the indexes that begin with the feature are read.
    feature = select(_FEATURE.id).where(_FEATURE.is_current, _FEATURE.name == name).scalar_subquery()
    return select(_VALUE.track_id).where(_VALUE.feature_id == feature)
