"""Columns of an analysis, read in one space, wherever the catalogue keeps it.

`tracks` has one analysis of each track and names its space; `space_analyses` has those of other spaces. After a switch
they change places in the background (`SpaceStore.settle`), which readers of these columns do not notice.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, case, cast, exists, func, or_, select

from services.catalog.database import IDS
from services.catalog.tables import SpaceAnalysisRow, TrackRow
from services.domain.filters import RANGE_FIELDS
from services.domain.track import TrackStatus

_TRACK, _OTHER = TrackRow.__table__.c, SpaceAnalysisRow.__table__.c
_NAMED = (
    *(_TRACK.id, _TRACK.title, _TRACK.artist, _TRACK.album, _TRACK.duration_ms),
    *(_TRACK.genre_keys, _TRACK.artist_key, _TRACK.album_id),
)


@dataclass(frozen=True, slots=True)
class AnalysisColumns:
    """The columns of the analyses in one space."""

    space: str | None
    """None for what `tracks` has, if there is one space only."""
    source: FromClause
    """Select from it."""

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        """Return a column such as `embedding`; it is null for tracks without an analysis in the space."""
        if self.space is None or name not in _OTHER:  # the year is from the tags
            return _TRACK[name]
        chosen = case((_TRACK.model_version == self.space, _TRACK[name]), else_=_OTHER[name])
        return chosen.label(name)

    @property
    def is_counted(self) -> ColumnElement[bool]:
        """Whether a track is ready, and has an analysis if there are several spaces."""
        is_ready = _TRACK.status == TrackStatus.READY
        if self.space is None:
            return is_ready
        return and_(is_ready, or_(_TRACK.model_version == self.space, _OTHER.track_id.is_not(None)))

    def is_there(self, dimension: int) -> ColumnElement[bool]:
        """Return whether a ready track has an analysis with a whole embedding."""
        length: ColumnElement[int] = func.length(_TRACK.embedding)
        if self.space is not None:
            length = case((_TRACK.model_version == self.space, length), else_=func.length(_OTHER.embedding))
        return and_(_TRACK.status == TrackStatus.READY, length == 4 * dimension)


@lru_cache(maxsize=16)
def analyses_in(space: str | None) -> AnalysisColumns:
    """Return the columns of the analyses in a space, as `SpaceViews.joined` names it."""
    if space is None:
        return AnalysisColumns(None, TrackRow.__table__)
    here = and_(_OTHER.track_id == _TRACK.id, _OTHER.model_version == space, _OTHER.status == TrackStatus.READY.value)
    return AnalysisColumns(space, TrackRow.__table__.outerjoin(SpaceAnalysisRow.__table__, here))


# Statements are built once: a request reads hundreds of tracks in a few milliseconds.
@lru_cache(maxsize=16)
def ready_in(space: str | None, *, measured: bool) -> Select[Any]:
    """Return the statement that reads the embeddings, ids and names of ready tracks, optionally with `RANGE_FIELDS`."""
    found = analyses_in(space)
    read = select(found["embedding"], *_NAMED, *(map(found.__getitem__, RANGE_FIELDS) if measured else ()))
    return read.select_from(found.source).where(_TRACK.status == TrackStatus.READY, _TRACK.id.in_(IDS))


@lru_cache(maxsize=16)
def described_in(space: str | None) -> Select[Any]:
    """Return the statement that reads ids, tags as JSON texts, and `RANGE_FIELDS`."""
    found = analyses_in(space)
    read = select(_TRACK.id, cast(found["tags"], Text), *map(found.__getitem__, RANGE_FIELDS))
    return read.select_from(found.source).where(_TRACK.id.in_(IDS))


@lru_cache(maxsize=16)
def read_in(space: str | None, *names: str) -> Select[Any]:
    """Return the statement that reads ids, and columns of analyses."""
    found = analyses_in(space)
    return select(_TRACK.id, *(found[name] for name in names)).select_from(found.source)


def exists_in(space: str | None, dimension: int) -> ColumnElement[bool]:
    """Return the condition that a ready track has a whole embedding, for statements that select from `tracks` only."""
    found = analyses_in(space)
    if space is None:
        return found.is_there(dimension)
    whole = func.length(_OTHER.embedding) == 4 * dimension
    beside = exists().where(
        _OTHER.track_id == _TRACK.id, _OTHER.model_version == space, _OTHER.status == TrackStatus.READY.value, whole
    )
    own = and_(_TRACK.model_version == space, func.length(_TRACK.embedding) == 4 * dimension)
    return and_(_TRACK.status == TrackStatus.READY, or_(own, and_(_TRACK.model_version != space, beside)))
