"""The progress of the builds of vector indexes. Builders write it; commands, the status and the page show it.

A build is owned by whoever holds the directory of the embedded index, or the lease of rebuilds on a Qdrant server.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import MetaRow
from services.domain.errors import CatalogueUnavailable, StorageFull

BUILD = "index_build:"
"""Followed by the collection: the key of the row that exists while a build runs, and after one that failed."""
SERVED = "index_served:"
"""Followed by the collection: the key of the row with the generation of the index that is served."""

REPORT_SECONDS = 1.0
# A builder on a busy machine may report late; after this time it counts as dead.
SILENT_AFTER = timedelta(seconds=60)

_log = structlog.get_logger(__name__)


class BuildPhase(StrEnum):
    """What a build does: write points, build their graph or sort them into cells, take the place of the old index."""

    FILL = "fill"
    CELLS = "cells"
    GRAPH = "graph"
    SWAP = "swap"


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is. `done` and `total` are points of this phase; `seconds_left` is for the whole build."""

    collection: str
    phase: BuildPhase
    done: int
    total: int
    started_at: datetime
    updated_at: datetime
    seconds_left: float | None = None
    problem: str | None = None
    """Why the last build failed or was refused; None while a build runs."""

    @property
    def is_running(self) -> bool:
        """Whether a builder works on it: none that failed or has been silent for long."""
        return self.problem is None and now() - self.updated_at < SILENT_AFTER


class IndexBuildStore:
    """Keeps the progress of each collection's build, and the generation that is served."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[BuildProgress]:
        """Return the builds that run, and the last ones that failed, by collection."""
        stored = select(MetaRow.value).where(MetaRow.key.startswith(BUILD, autoescape=True)).order_by(MetaRow.key)
        with self._database.columns() as connection:
            return [_decoded(value) for (value,) in connection.execute(stored)]

    def running(self) -> BuildProgress | None:
        """Return the build that runs; None if none does."""
        return next((build for build in self.all() if build.is_running), None)

    def served(self, collection: str) -> int | None:
        """Return the generation that is served; None if no builder has recorded one."""
        with self._database.read() as session:
            row = session.get(MetaRow, SERVED + collection)
            return None if row is None else int(row.value)

    def begin(self, collection: str, total: int) -> "BuildReport":
        """Begin the report of a build of this many points; it replaces that of an earlier build."""
        report = BuildReport(self._write, collection, total)
        report.show(BuildPhase.FILL, 0)
        return report

    def settle(self, collection: str, generation: int) -> None:
        """Record the generation that is served, and that no build runs; the owner of the build calls it."""
        with self._database.write() as session:
            session.merge(MetaRow(key=SERVED + collection, value=str(generation)))
            _forget(session, collection)

    def drop(self, collection: str) -> None:
        """Remove the report of a build that was given up."""
        with self._database.write() as session:
            _forget(session, collection)

    def forget(self, collection: str) -> None:
        """Remove what is known of an index that was deleted."""
        with self._database.write() as session:
            session.execute(delete(MetaRow).where(MetaRow.key == SERVED + collection))
            _forget(session, collection)

    def _write(self, progress: BuildProgress) -> None:
        values = asdict(progress)
        values |= {name: values[name].isoformat() for name in ("started_at", "updated_at")}
        with self._database.write() as session:
            session.merge(MetaRow(key=BUILD + progress.collection, value=json.dumps(values)))


class BuildReport:
    """Writes the progress of one build, at most once a second. An error while writing does not end the build."""

    def __init__(self, write: Callable[[BuildProgress], None], collection: str, total: int) -> None:
        self._write = write
        self._collection = collection
        self._total = total
        self._started_at = now()
        self._phase: BuildPhase | None = None
        self._phase_began = self._written = 0.0

    def show(self, phase: BuildPhase, done: int, *, seconds_left: float | None = None, then: float = 0.0) -> None:
        """Report that `done` points of a phase are done.

        Args:
            phase: The phase.
            done: Number of its points that are done.
            seconds_left: Time that the phase still takes; by default it is estimated from its speed so far.
            then: Time that the phases after it take.
        """
        moment = time.monotonic()
        if phase != self._phase:
            self._phase, self._phase_began = phase, moment
        elif moment - self._written < REPORT_SECONDS:
            return
        self._written = moment
        if seconds_left is None and done:
            seconds_left = (moment - self._phase_began) * max(0, self._total - done) / done
        self._try(self._progress(phase, done, None if seconds_left is None else seconds_left + then))

    def fail(self, problem: str) -> None:
        """Report why the build failed or was refused."""
        self._try(self._progress(self._phase or BuildPhase.FILL, 0, None, problem))

    def _progress(
        self, phase: BuildPhase, done: int, seconds_left: float | None, problem: str | None = None
    ) -> BuildProgress:
        total = max(self._total, done)
        return BuildProgress(self._collection, phase, done, total, self._started_at, now(), seconds_left, problem)

    def _try(self, progress: BuildProgress) -> None:
        try:
            self._write(progress)
        except (CatalogueUnavailable, StorageFull) as error:
            _log.warning("build_progress_not_written", collection=self._collection, reason=error.detail)


def _forget(session: Session, collection: str) -> None:
    session.execute(delete(MetaRow).where(MetaRow.key == BUILD + collection))


def _decoded(value: str) -> BuildProgress:
    stored = json.loads(value)
    stored |= {name: datetime.fromisoformat(stored[name]) for name in ("started_at", "updated_at")}
    return BuildProgress(**stored | {"phase": BuildPhase(stored["phase"])})
