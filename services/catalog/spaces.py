"""The spaces: which ones live, which one is served, and which one a request reads from its beginning to its end.

`meta.model_version` names the served space, so a switch changes one value in one transaction.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from sqlalchemy import delete, literal, or_, select
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import MetaRow, SpaceRow, TrackRow
from services.domain.spaces import View, checked_version
from services.domain.track import EMBEDDING_DIM, TrackStatus

MODEL_VERSION = "model_version"
"""The key of the served space in `meta`."""
HOME = "index_home"
"""The key of the first space in `meta`: its index has the plain name."""

DROPPED = "space_dropped:"
"""Followed by a version that was deleted: the key of a row in `meta`. It is not begun again by itself."""
DIMENSION = "space_dimension:"
"""Followed by a version: the key of the length of its vectors; without a row it is that of the shipped encoder."""

# A process serves the old space this long after a switch in another one. Both are complete then.
LOOK_SECONDS = 1.0

_NAMED = select(MetaRow.key, MetaRow.value).where(
    or_(MetaRow.key.in_((MODEL_VERSION, HOME)), MetaRow.key.startswith(DIMENSION, autoescape=True))
)
_LIVE = select(literal("live"), SpaceRow.model_version)
_FILLED = select(literal("filled"), SpaceRow.model_version).where(SpaceRow.filled_at.is_not(None))
_COMPARED = select(literal("compared"), SpaceRow.model_version).where(SpaceRow.comparison.is_not(None))
_LOOK = _NAMED.union_all(_LIVE, _FILLED, _COMPARED)


@dataclass(slots=True)
class _Pin:
    spaces: "SpaceViews"
    view: View | None = None


_pin: ContextVar[_Pin | None] = ContextVar("space_pin", default=None)


class SpaceViews:
    """Tells readers which space to read. A request or task that is pinned sees the same one until it is unpinned."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen, self._seen_at = View(), float("-inf")

    def pin(self) -> None:
        """Let the first read of this request or task decide for all of them."""
        _pin.set(_Pin(self))

    def unpin(self) -> None:
        """End the request or task."""
        _pin.set(None)

    @contextmanager
    def reading(self, version: str) -> Iterator[None]:
        """Let the reads of a block be of another space than the served one."""
        before = _pin.set(_Pin(self, replace(self.view(), served=version)))
        try:
            yield
        finally:
            _pin.reset(before)

    def view(self) -> View:
        """Return the spaces as this request sees them; without a pin as they were at most a second ago."""
        pin = _pin.get()
        if pin is None or pin.spaces is not self:
            return self.latest()
        if pin.view is None:
            pin.view = self.latest()
        return pin.view

    def latest(self) -> View:
        """Return the spaces as they were at most a second ago."""
        if time.monotonic() - self._seen_at > LOOK_SECONDS:
            self.refresh()
        return self._seen

    def refresh(self) -> View:
        """Read the spaces now."""
        moment = time.monotonic()
        with self._database.columns() as connection:
            rows = connection.execute(_LOOK).all()
        found: dict[str, list[str]] = {}
        for key, value in rows:
            found.setdefault(key, []).append(value)
        live, filled, compared = (tuple(sorted(found.get(key, ()))) for key in ("live", "filled", "compared"))
        [served], [home] = (found.get(key, [None]) for key in (MODEL_VERSION, HOME))
        sizes = {key.removeprefix(DIMENSION): int(value) for key, value in rows if key.startswith(DIMENSION)}
        # A catalogue from before there were spaces has one only, whose index has the plain name.
        self._seen, self._seen_at = View(served, live, home or served, filled, compared, sizes), moment
        return self._seen

    def joined(self) -> str | None:
        """Return the space that this request must look up in both tables; None if `tracks` has all that there is."""
        view = self.view()
        return view.served if view.others else None

    def dimension(self, space: str | None = None) -> int:
        """Return the length of the vectors of a space, by default of that which this request reads."""
        view = self.view()
        return view.dimension(space or view.served)

    def adopt(self, shipped: str) -> View:
        """Serve the version that the ready tracks have, or that Segue ships with, unless a space is served already."""
        with self._database.write() as session:
            served = session.get(MetaRow, MODEL_VERSION)
            found = select(TrackRow.model_version).where(TrackRow.status == TrackStatus.READY).limit(1)
            version = served.value if served else session.scalar(found) or checked_version(shipped)
            session.merge(MetaRow(key=MODEL_VERSION, value=version))
            if session.get(MetaRow, HOME) is None:
                session.add(MetaRow(key=HOME, value=version))
            if session.get(SpaceRow, version) is None:
                session.add(SpaceRow(model_version=version, created_at=now(), filled_at=now(), served_at=now()))
        return self.refresh()

    def begin(self, version: str, *, dimension: int | None = None, again: bool = False) -> bool:
        """Begin to fill the space of another version; return whether it is new.

        A version that was dropped is begun `again` only. Without a `dimension`, its vectors have that of before, or
        that of the shipped encoder.
        """
        checked_version(version)
        with self._database.write() as session:
            dropped = session.get(MetaRow, DROPPED + version)
            is_new = session.get(SpaceRow, version) is None and (again or dropped is None)
            if is_new:
                session.add(SpaceRow(model_version=version, created_at=now()))
                session.execute(delete(MetaRow).where(MetaRow.key == DROPPED + version))
            if dimension is not None:
                session.merge(MetaRow(key=DIMENSION + version, value=str(dimension)))
        self.refresh()
        return is_new


def dimension_of(session: Session, space: str) -> int:
    """Return the length of the vectors of a space, in an open transaction."""
    row = session.get(MetaRow, DIMENSION + space)
    return EMBEDDING_DIM if row is None else int(row.value)


def served_space(session: Session) -> str | None:
    """Return the space that is served, in an open transaction."""
    row = session.get(MetaRow, MODEL_VERSION)
    return None if row is None else row.value
