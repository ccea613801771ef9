"""A fake task queue that records tasks or refuses them."""

from services.domain.errors import BrokerUnavailable
from services.domain.job import JobKind
from services.tasks.queue import Urgency


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

    def covers(self) -> None:
        self._check()
        self.searches_for_covers += 1

    def _check(self) -> None:
        if self.broken:
            raise BrokerUnavailable("The broker does not accept tasks.")
