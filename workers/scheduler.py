"""The scheduler of Celery beat, which holds a lease in the broker so that two schedulers never send tasks."""

from contextlib import ExitStack
from typing import Any

import structlog
from celery.beat import Scheduler

from services.domain.errors import BrokerUnavailable
from services.settings import load_settings
from services.tasks.presence import SCHEDULER_LEASE
from services.tasks.queue import Lease, open_queue

# How long no scheduler sends tasks after one was killed.
LEASE_SECONDS = 20.0
# Several renewals in each lease, so that one delay does not lose it.
RENEW_EVERY_SECONDS = LEASE_SECONDS / 4

log = structlog.get_logger()


class LeasedScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
    """Sends due tasks while it holds the lease, and waits for the lease otherwise.

    A scheduler that takes over sends every task that has become due since it was started. So no nightly scan is missed,
    but one may run twice.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **options)
        self.max_interval: float = min(self.max_interval, RENEW_EVERY_SECONDS)
        self._queue = open_queue(load_settings())
        self._lease: Lease | None = None
        self._held = ExitStack()
        self._obstacle: str | None = None

    def tick(self, *arguments: Any, **options: Any) -> float:  # noqa: ANN401
        """Send a task that is due, unless another scheduler holds the lease; return the seconds until the next call."""
        if not self._holds_lease():
            return RENEW_EVERY_SECONDS
        return float(super().tick(*arguments, **options))

    def close(self) -> None:
        """Release the lease, so that another scheduler need not wait until it expires."""
        self._lease = None
        self._held.close()
        super().close()

    def _holds_lease(self) -> bool:
        obstacle = ""
        try:
            if self._lease is not None:
                self._lease.renew()
            else:
                self._lease = self._held.enter_context(self._queue.lease(SCHEDULER_LEASE, LEASE_SECONDS))
                obstacle = "" if self._lease else "Another scheduler sends tasks."
        except BrokerUnavailable as error:
            self._lease, obstacle = None, error.detail
        if self._lease is None:
            self._held.close()
        if obstacle != self._obstacle:
            log.info("scheduler_waits" if obstacle else "scheduler_active", reason=obstacle or None)
            self._obstacle = obstacle
        return self._lease is not None
