"""A fake task queue that records tasks or refuses them."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.domain.errors import BrokerUnavailable
from services.domain.job import JobKind
from services.tasks.queue import Urgency


class NoWorkers:
    """A broker in which no worker has announced itself."""

    def eval(self, *_arguments: object) -> list[bytes]:
        return []


class RecordingQueue:
    """A fake of `TaskQueue`."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.scans: list[str] = []
        self.kinds: list[JobKind] = []
        self.analyses: list[str] = []
        self.urgencies: dict[str, Urgency] = {}
        self.searches_for_covers = 0

    def scan(self, job_id: str, kind: JobKind = JobKind.SCAN) -> None:
        self._check()
        self.kinds.append(kind)
        self.scans.append(job_id)

    def analyse(self, track_id: str, urgency: Urgency = Urgency.BULK) -> None:
        self._check()
        self.analyses.append(track_id)
        self.urgencies[track_id] = urgency

    def count_waiting(self, task: str, urgency: Urgency | None = None) -> int:
        del task, urgency
        self._check()
        return 0

    def may_be_urgent(self, library: str) -> bool:
        del library
        self._check()
        return True

    @contextmanager
    def lease(self, name: str, lease_seconds: float, wait_seconds: float = 0) -> Iterator[object]:
        del name, lease_seconds, wait_seconds
        yield object()

    @contextmanager
    def connection(self) -> Iterator[NoWorkers]:
        yield NoWorkers()

    def covers(self) -> None:
        self._check()
        self.searches_for_covers += 1

    def _check(self) -> None:
        if self.broken:
            raise BrokerUnavailable("The broker does not accept tasks.")
