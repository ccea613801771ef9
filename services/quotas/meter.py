"""Count the requests and the analysis of libraries in the memory of each process, and write them every few seconds.

A write for each request would be its slowest part. A process that is killed loses the counts of a few seconds. Several
processes together may exceed a quota by what they count in that time.
"""

import threading
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import structlog

from services.catalog.quotas import QuotaStore
from services.catalog.tenancy import limited_to
from services.domain.errors import QuotaExceeded, SegueError
from services.domain.quotas import DayUsage, Resource, seconds_left, today

WRITE_EVERY_SECONDS = 5.0

log = structlog.get_logger()


class Meter:
    """The counts of this process since they were last written; it is thread-safe."""

    def __init__(self, quotas: QuotaStore, every: float = WRITE_EVERY_SECONDS) -> None:
        self._quotas = quotas
        self._every = every
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._day = today()
        self._new: defaultdict[str, DayUsage] = defaultdict(self._nothing)
        self._requests: dict[str, int] = {}
        self._limits: dict[str, tuple[str, int]] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def count_request(self, libraries: Collection[str], *, may_refuse: bool = True) -> None:
        """Count a request of a key or person of these libraries.

        Raises:
            QuotaExceeded: one of them has made all the requests of its quota today, and the request may be refused.
        """
        if not self._requests.keys() >= {*libraries}:
            self.write(also=libraries)
        with self._lock:
            for library in libraries if may_refuse else ():
                made = self._requests.get(library, 0) + self._new[library].requests
                name, limit = self._limits.get(library, (library, made + 1))
                if made >= limit:
                    raise QuotaExceeded(name, limit, seconds_left())
            for library in libraries:
                self._new[library] = replace(self._new[library], requests=self._new[library].requests + 1)
        self._start()

    def count_analysis(self, library: str, seconds: float) -> None:
        """Count the seconds that the analysis of a track of a library took."""
        with self._lock:
            before = self._new[library]
            self._new[library] = replace(before, analysis_seconds=before.analysis_seconds + seconds)
        self._start()

    def write(self, also: Collection[str] = ()) -> None:
        """Write the counts to the catalogue, and read what all processes have counted, `also` for these libraries.

        While the catalogue is unavailable they stay here.
        """
        with self._writing, limited_to(None):
            with self._lock:
                new, self._new, self._day = self._new, defaultdict(self._nothing), today()
                known = {*self._requests, *new, *also}
            try:
                if used := {library: usage for library, usage in new.items() if usage != DayUsage(usage.day)}:
                    self._quotas.add(used)
            except SegueError as error:
                log.warning("usage_not_written", reason=error.detail)
                self._keep(new)
                return
            try:
                limits, requests = self._quotas.limited(Resource.REQUESTS), self._quotas.requests_today(known)
            except SegueError as error:
                log.warning("quotas_not_read", reason=error.detail)
                return
            with self._lock:
                self._limits, self._requests = limits, dict.fromkeys(known, 0) | requests

    def close(self) -> None:
        """Write the last counts."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            self.write()

    def _keep(self, unwritten: dict[str, DayUsage]) -> None:
        with self._lock:
            for library, usage in unwritten.items():
                since = self._new[library]
                self._new[library] = DayUsage(
                    since.day, usage.requests + since.requests, usage.analysis_seconds + since.analysis_seconds
                )

    def _start(self) -> None:
        """Start the thread that writes, in processes that count."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            self.write()

    def _nothing(self) -> DayUsage:
        return DayUsage(self._day)
