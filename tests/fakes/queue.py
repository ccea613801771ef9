"""A fake task queue that records tasks or refuses them."""

from services.domain.errors import BrokerUnavailable


class RecordingQueue:
    """A fake of `TaskQueue`."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.scans: list[str] = []
        self.analyses: list[str] = []

    def scan(self, job_id: str) -> None:
        self._check()
        self.scans.append(job_id)

    def analyse(self, track_id: str) -> None:
        self._check()
        self.analyses.append(track_id)

    def _check(self) -> None:
        if self.broken:
            raise BrokerUnavailable("The broker does not accept tasks.")
