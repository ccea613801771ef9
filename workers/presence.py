"""Announces this worker in the broker while it is connected, so that the status shows which workers are alive."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from celery.bootsteps import StartStopStep

from models.ffmpeg import find_ffmpeg
from services.domain.errors import BrokerUnavailable
from services.settings import load_settings
from services.tasks.presence import ANNOUNCE_EVERY_SECONDS, Worker, Workers
from services.tasks.queue import open_queue

log = structlog.get_logger()


class Announcement(StartStopStep):  # type: ignore[misc]  # Celery has no types
    """A step of the consumer, in the event loop of the parent process: a thread of the parent would not survive a fork.

    Celery starts it again after each lost connection, because it clears the timers of the event loop.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(consumer, **options)
        self._timer: Any = None
        self._withdraw: Callable[[], None] | None = None

    def start(self, consumer: Any) -> None:  # noqa: ANN401
        """Announce the worker now and regularly."""
        from workers.lifecycle import WORKER_ID  # noqa: PLC0415  it imports the application, which has this step

        workers = Workers(open_queue(load_settings()))
        worker = Worker(
            name=consumer.hostname,
            id=WORKER_ID,
            queues=tuple(sorted(consumer.app.amqp.queues.consume_from)),
            processes=consumer.controller.concurrency,
            ffmpeg=ffmpeg.version if (ffmpeg := find_ffmpeg()) else None,
        )
        announce = partial(_unless_unavailable, partial(workers.announce, worker))
        self._withdraw = partial(workers.withdraw, worker)
        self._timer = consumer.timer.call_repeatedly(ANNOUNCE_EVERY_SECONDS, announce)
        announce()

    def stop(self, consumer: Any) -> None:  # noqa: ANN401
        """Take the announcement back."""
        del consumer
        if self._timer is not None and self._withdraw is not None:
            self._timer.cancel()
            _unless_unavailable(self._withdraw)


def _unless_unavailable(send: Callable[[], None]) -> None:
    try:
        send()
    except BrokerUnavailable as error:
        log.warning("worker_not_announced", reason=error.detail)  # an announcement expires by itself
