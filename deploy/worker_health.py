"""The worker container's health check: exit code 0 if the worker answers and takes work from its queues.

`celery inspect ping` alone is not enough: it passes while a worker that lost its consumers lets messages lie. So a
worker is ill if messages wait, it has a child free and starts none; and if it is at a task for longer than the hard
limit allows, for then nothing ends the task any more.

Usage: worker_health.py [QUEUE,QUEUE]
"""  # noqa: INP001  a file for the image, not a package

import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from services.domain.errors import SegueError
from services.settings import load_settings_or_exit
from services.tasks.queue import INDEX_TASK, RECONCILE_INDEX_TASK, ROUTES, SCAN_TASK, open_queue
from workers.app import (
    ANALYSE_HARD_LIMIT_SECONDS,
    INDEX_HARD_LIMIT_SECONDS,
    LIMIT_GRACE_SECONDS,
    SCAN_HARD_LIMIT_SECONDS,
    app,
)

ANSWER_SECONDS = 5.0
# Between two looks. An idle worker is handed a waiting message at once.
PAUSE_SECONDS = 2.0

# Tasks that are not named have the analysis's limit.
HARD_LIMITS = {
    SCAN_TASK: SCAN_HARD_LIMIT_SECONDS,
    INDEX_TASK: INDEX_HARD_LIMIT_SECONDS,
    RECONCILE_INDEX_TASK: INDEX_HARD_LIMIT_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Glance:
    """A worker at one moment."""

    started: int
    """Tasks since its own start."""
    held: int
    """Tasks at work or taken from the broker for it."""
    children: int
    """Tasks that it can be at."""
    waiting: int
    """Messages in its queues that no worker holds."""
    overdue: tuple[str, ...] = ()
    """Names of tasks at work for longer than they may be."""

    @property
    def is_idle_beside_work(self) -> bool:
        """Whether it could take a message and has not."""
        return self.waiting > 0 and self.held < self.children


def look(queues: set[str]) -> Glance | None:
    """Ask this container's worker and the broker; None if the worker does not answer."""
    node = f"segue@{socket.gethostname()}"
    inspect = app.control.inspect(destination=[node], limit=1, timeout=ANSWER_SECONDS)
    answers = []
    for question in (inspect.stats, inspect.active, inspect.reserved):
        answer = question()
        if not answer:
            return None
        answers.append(answer[node])
    stats, active, reserved = answers
    tasks = {route["queue"]: task for task, route in ROUTES.items() if route["queue"] in queues}
    queue = open_queue(load_settings_or_exit())
    return Glance(
        started=sum(stats["total"].values()),
        held=len(active) + len(reserved),
        children=stats["pool"]["max-concurrency"],
        waiting=sum(queue.waiting(task) for task in tasks.values()),
        overdue=tuple(task["name"] for task in active if is_overdue(task, time.time())),
    )


def is_overdue(task: dict[str, Any], now: float) -> bool:
    """Whether a task, as Celery describes it, should have been ended by its hard limit a while ago."""
    limit = HARD_LIMITS.get(task["name"], ANALYSE_HARD_LIMIT_SECONDS) + LIMIT_GRACE_SECONDS
    return task["time_start"] is not None and now - task["time_start"] > limit


def main() -> None:
    """Look; look again if the first look was bad, because a message may be on its way."""
    queues = set(sys.argv[1].split(",") if len(sys.argv) > 1 else [route["queue"] for route in ROUTES.values()])
    try:
        first = look(queues)
        if first is None:
            sys.exit("The worker does not answer.")
        if first.overdue:
            sys.exit(f"The worker hangs in {', '.join(first.overdue)}.")
        if not first.is_idle_beside_work:
            return
        time.sleep(PAUSE_SECONDS)
        second = look(queues)
    except (SegueError, OperationalError, RedisError, OSError) as error:
        sys.exit(f"The broker does not answer: {error}")
    if second is None or (second.is_idle_beside_work and second.started == first.started):
        sys.exit(f"{first.waiting} messages wait in {', '.join(sorted(queues))} and the worker takes none.")


if __name__ == "__main__":
    main()
