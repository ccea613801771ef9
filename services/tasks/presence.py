"""Which workers and watchers are alive: each announces itself in the broker until its announcement expires."""

from pydantic import BaseModel, ConfigDict

from services.tasks.queue import LEASE_PREFIX, TaskQueue

ANNOUNCED_SECONDS = 30.0
# Several times in the period, so that one delay does not remove a worker.
ANNOUNCE_EVERY_SECONDS = ANNOUNCED_SECONDS / 3

WORKERS_KEY = "segue.workers"
"""Sorted set: announcements as JSON by the time at which they expire."""

# The broker's clock is the only one, so clocks of machines may differ.
_ANNOUNCE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

_ALIVE = """
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), '+inf')
"""
WATCHER_KEY = "segue.watcher"
"""Exists while a watcher of the library folders is alive."""
SCHEDULER_LEASE = "scheduler"
"""Name of the lease of the one scheduler that sends the periodic tasks."""


class Worker(BaseModel):
    """A worker that announces itself."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The name of its node, `segue@HOST` or `questions@HOST`."""
    id: str
    """Different at each start."""
    queues: tuple[str, ...]
    processes: int
    ffmpeg: str | None = None
    """The version of its ffmpeg."""


class Workers:
    """The announcements in the broker; the methods raise `BrokerUnavailable` if it does not respond."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue

    def announce(self, worker: Worker) -> None:
        """Count a worker as alive for the next `ANNOUNCED_SECONDS`."""
        with self._queue.connection() as redis:
            redis.eval(_ANNOUNCE, 1, WORKERS_KEY, worker.model_dump_json(), round(1000 * ANNOUNCED_SECONDS))

    def withdraw(self, worker: Worker) -> None:
        """Take the announcement of a worker back."""
        with self._queue.connection() as redis:
            redis.zrem(WORKERS_KEY, worker.model_dump_json())

    def alive(self) -> list[Worker]:
        """Return the workers that are alive, in the order of their names."""
        with self._queue.connection() as redis:
            found = redis.eval(_ALIVE, 1, WORKERS_KEY)
        return sorted((Worker.model_validate_json(each) for each in found), key=lambda worker: (worker.name, worker.id))

    def announce_watcher(self) -> None:
        """Count the watcher of the library folders as alive for the next `ANNOUNCED_SECONDS`."""
        with self._queue.connection() as redis:
            redis.set(WATCHER_KEY, "", px=round(1000 * ANNOUNCED_SECONDS))

    def is_watched(self) -> bool:
        """Return whether a watcher is alive."""
        with self._queue.connection() as redis:
            return bool(redis.exists(WATCHER_KEY))

    def has_scheduler(self) -> bool:
        """Return whether a scheduler sends the periodic tasks, or did so less than its lease ago."""
        with self._queue.connection() as redis:
            return bool(redis.exists(f"{LEASE_PREFIX}{SCHEDULER_LEASE}"))
