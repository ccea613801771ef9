"""How many messages each queue of the broker holds, and how long they have waited."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kombu.transport.redis import Channel

from services.tasks.queue import QUEUES, SENT_AT, TaskQueue, lists_of


@dataclass(frozen=True, slots=True)
class Backlog:
    """The messages of one queue.

    Attributes:
        waiting: Messages that no worker has received.
        unacknowledged: Messages that a worker has received and whose tasks have not ended.
        oldest_seconds: Age of the oldest waiting message, 0 if none waits.
    """

    waiting: int
    unacknowledged: int
    oldest_seconds: float

    @property
    def length(self) -> int:
        """All messages whose tasks have not ended."""
        return self.waiting + self.unacknowledged


def backlogs(queue: TaskQueue) -> dict[str, Backlog]:
    """Return the backlog of each queue.

    Raises:
        BrokerUnavailable: the broker does not respond.
    """
    lists = [(name, each) for name in QUEUES for each in lists_of(name)]
    with queue.connection() as redis, redis.pipeline(transaction=False) as pipeline:
        for _, each in lists:
            pipeline.llen(each)
            pipeline.lindex(each, -1)  # kombu adds messages on the left and takes them from the right
        pipeline.hvals(Channel.unacked_key)
        *found, unacknowledged = pipeline.execute()
    waiting, sent_at = Counter[str](), dict[str, float]()
    for (name, _), count, oldest in zip(lists, found[::2], found[1::2], strict=True):
        waiting[name] += count
        if oldest is not None and (at := _sent_at(oldest)) is not None:
            sent_at[name] = min(at, sent_at.get(name, at))
    running = _count_by_queue(unacknowledged)
    now = time.time()
    return {name: Backlog(waiting[name], running[name], max(0.0, now - sent_at.get(name, now))) for name in QUEUES}


def _sent_at(message: bytes) -> float | None:
    # Without the header, a version of Segue without it has sent the message.
    at = json.loads(message)["headers"].get(SENT_AT)
    return None if at is None else float(at)


def _count_by_queue(unacknowledged: Iterable[bytes]) -> Counter[str]:
    # kombu stores the message, its exchange and its routing key, which Celery gives the name of the queue.
    return Counter(json.loads(each)[2] for each in unacknowledged)
