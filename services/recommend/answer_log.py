"""Log answers with recommended tracks, off the path of the request.

A request only puts its answer into a queue of limited length. Every second a thread turns the answers into JSON and
writes them. While the catalogue is unavailable the answers wait; if too many wait, some are dropped and counted.
"""

import hashlib
import queue
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from services.catalog import Catalogue, tenancy
from services.catalog.database import now
from services.domain.errors import SegueError
from services.domain.listening import Recommendation
from services.domain.question import Question
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from services.domain.tuning import Tuning
from services.experiments.assignment import Experiments
from services.recommend.rank import RANKING_VERSION
from services.settings.recommending import LogMode
from services.telemetry.measures import LOGGED_ANSWERS

SAMPLED = 10
"""With `sample`, one listener or session in so many is logged."""

WRITE_EVERY_SECONDS = 1.0
"""Longer than most bursts, and shorter than a track: a listen seldom comes before its answer."""

RETRY_SECONDS = 5.0
"""Pause after an attempt to write that failed."""

WRITTEN_AT_ONCE = 100
"""Answers of one transaction: about 2,000 rows, so that listens do not wait long for the lock of SQLite."""

QUEUED_MAX = 500
"""Answers of one pause of the thread; each may hold a listener's last 1,000 events."""

WAITING_MAX = 2_000
"""Answers that wait for the catalogue, about 20 MB."""

log = structlog.get_logger()

Write = Callable[[], Mapping[str, Any]]
"""Returns the question as a document; it runs in the thread."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer that is about to be given.

    Attributes:
        id: Its `recommendation_id`; None if it is not logged.
        at: When it was asked for.
        kind: What recommends the tracks.
        listener: The stored listener, if any.
        session: The id of the radio session, if any.
        libraries: Ids of the libraries that the request is limited to.
        tuning: What changes the ranking of this answer.
        experiment: The experiment that it takes part in, if any.
        variant: Its variant.
    """

    id: str | None
    at: datetime
    kind: AnswerKind
    listener: str | None = None
    session: str | None = None
    libraries: frozenset[str] = frozenset()
    tuning: Tuning = field(default_factory=Tuning)
    experiment: str | None = None
    variant: str | None = None

    def asked(self, question: Question, given: Collection[str] = ()) -> Question:
        """Return the question with the tuning of this answer; `given` are the options that the request names."""
        return replace(question.tuned(self.tuning, given), exploration_seed=self.id)

    def answer(
        self, question: Mapping[str, Any], model_version: str, recommendations: Sequence[Recommendation]
    ) -> LoggedAnswer:
        """Return the answer as it is logged; `question` is a document of `services.catalog.questions`."""
        return LoggedAnswer(
            id=self.id or "",
            at=self.at,
            kind=self.kind,
            listener=self.listener,
            session=self.session,
            libraries=tuple(sorted(self.libraries)),
            question=question,
            model_version=model_version,
            ranking_version=RANKING_VERSION,
            experiment=self.experiment,
            variant=self.variant,
            tracks=tuple(_track(rank, each) for rank, each in enumerate(recommendations, start=1)),
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer on its way to the thread."""

    entry: Entry
    model_version: str
    write: Write
    recommendations: Sequence[Recommendation]

    def logged(self) -> LoggedAnswer:
        return self.entry.answer(self.write(), self.model_version, self.recommendations)


class AnswerLog:
    """The log of this process; it is thread-safe."""

    def __init__(
        self, catalogue: Catalogue, mode: LogMode, experiments: Experiments, *, exploration: float = 0.0
    ) -> None:
        self._catalogue = catalogue
        self._experiments = experiments
        self._mode = mode
        self._tuning = Tuning(exploration=exploration)
        self._queue: queue.Queue[_Given | None] = queue.Queue(QUEUED_MAX)
        self._waiting: list[LoggedAnswer] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def open(
        self, kind: AnswerKind, *, listener: str | None = None, session: str | None = None, private: bool = False
    ) -> Entry:
        """Return the entry for an answer.

        A private one is not logged and takes part in no experiment. Nor do similar tracks: no tuning changes them.
        """
        name, unit = str(uuid.uuid4()), listener or session
        entry = Entry(None, now(), kind, listener, session, tenancy.libraries() or frozenset(), self._tuning)
        if private or not self._keeps(unit or name):
            return entry
        tried = None if kind == AnswerKind.SIMILAR else self._experiments.of(unit)
        if tried is None:
            return replace(entry, id=name)
        return replace(entry, id=name, tuning=tried.tuning, experiment=tried.experiment, variant=tried.variant.name)

    def record(self, entry: Entry, write: Write, recommendations: Sequence[Recommendation]) -> str | None:
        """Log an answer, and return its `recommendation_id`; None if it is not logged. This never waits."""
        if entry.id is None:
            return None
        served = self._catalogue.spaces.view().served or ""
        try:
            self._queue.put_nowait(_Given(entry, served, write, recommendations))
        except queue.Full:
            LOGGED_ANSWERS.labels("dropped").inc()
            return None
        self._start()
        return entry.id

    def close(self) -> None:
        """Write what waits, once, and stop the thread."""
        if self._thread is not None:
            self._closing.set()
            self._queue.put(None)
            self._thread.join()
            self._write()
            self._drop(len(self._waiting))

    def _keeps(self, unit: str) -> bool:
        if self._mode == LogMode.SAMPLE:
            return hashlib.blake2b(unit.encode(), digest_size=8).digest()[0] * SAMPLED < 256  # noqa: PLR2004  values of a byte
        return self._mode == LogMode.ALL

    def _start(self) -> None:
        """Start the thread, in processes that log."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="answer log", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = WRITE_EVERY_SECONDS
        while self._collect(pause):
            pause = WRITE_EVERY_SECONDS if self._write() else RETRY_SECONDS

    def _collect(self, seconds: float) -> bool:
        """Wait for an answer and then for others; return False after the last.

        Meanwhile the answers stay in the queue, because work of this thread slows down the requests that put them in.
        """
        came = [] if self._waiting else [self._queue.get()]
        self._closing.wait(seconds)
        came += [self._queue.get() for _ in range(self._queue.qsize())]
        for given in came:
            if given is None:
                return False
            self._take(given)
        self._drop(max(0, len(self._waiting) - WAITING_MAX))
        return True

    def _take(self, given: _Given) -> None:
        try:
            self._waiting.append(given.logged())
        except Exception:  # one answer must not end the thread
            log.exception("recommendation_not_logged", kind=given.entry.kind)
            LOGGED_ANSWERS.labels("dropped").inc()

    def _write(self) -> bool:
        """Write the waiting answers; return whether none is left."""
        while self._waiting:
            batch = self._waiting[:WRITTEN_AT_ONCE]
            try:
                self._catalogue.recommendation_log.add(batch)
            except SegueError as error:
                log.warning("recommendations_not_logged", waiting=len(self._waiting), reason=error.detail)
                return False
            except Exception:  # an answer that the catalogue refuses must not keep the others from being written
                log.exception("recommendations_lost", count=len(batch))
                self._drop(len(batch))
                continue
            LOGGED_ANSWERS.labels("written").inc(len(batch))
            del self._waiting[: len(batch)]
        return True

    def _drop(self, count: int) -> None:
        """Drop the oldest waiting answers."""
        LOGGED_ANSWERS.labels("dropped").inc(count)
        del self._waiting[:count]


def _track(rank: int, found: Recommendation) -> LoggedTrack:
    reason = next(iter(found.because_of), None)
    return LoggedTrack(found.track_id, rank, found.score, reason, found.taste, found.propensity)
