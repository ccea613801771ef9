"""Health check of worker containers: exits with code 0 if the worker responds and consumes its queues.

It exits with code 3 if the broker does not respond, because a restart of the worker would not change that.

`celery inspect ping` is not enough, because it succeeds for a worker that has lost its consumers. A worker is unhealthy
if messages wait while a child is free and it starts no task, or if a task runs for longer than its hard limit.

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
from services.tasks.queue import INDEX_TASK, QUESTION_TASK, RECONCILE_INDEX_TASK, ROUTES, SCAN_TASK, open_queue
from workers.app import (
    ANALYSE_HARD_LIMIT_SECONDS,
    INDEX_HARD_LIMIT_SECONDS,
    LIMIT_GRACE_SECONDS,
    SCAN_HARD_LIMIT_SECONDS,
    app,
)
from workers.cli import known_queues, node_prefix
from workers.questions import HARD_LIMIT_SECONDS

BROKER_IS_AWAY = 3
RESPONSE_TIMEOUT_SECONDS = 5.0
# Time between two samples. A worker with a free child receives a waiting message at once.
SAMPLE_INTERVAL_SECONDS = 2.0

# Other tasks have the limit of an analysis.
HARD_LIMITS = {
    SCAN_TASK: SCAN_HARD_LIMIT_SECONDS,
    INDEX_TASK: INDEX_HARD_LIMIT_SECONDS,
    RECONCILE_INDEX_TASK: INDEX_HARD_LIMIT_SECONDS,
    QUESTION_TASK: HARD_LIMIT_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a worker at one moment."""

    started: int
    """Tasks started since the worker's start."""
    held: int
    """Tasks that run or are reserved."""
    children: int
    """Number of child processes."""
    waiting: int
    """Messages in its queues that no worker has received."""
    overdue: tuple[str, ...] = ()
    """Names of tasks that run for longer than their hard limit."""

    @property
    def leaves_work(self) -> bool:
        """Whether messages wait while a child is free."""
        return self.waiting > 0 and self.held < self.children


def take_sample(queues: set[str]) -> Sample | None:
    """Return the state of this container's worker; None if it does not respond."""
    node = f"{node_prefix(queues)}@{socket.gethostname()}"
    inspect = app.control.inspect(destination=[node], limit=1, timeout=RESPONSE_TIMEOUT_SECONDS)
    answers = []
    for request in (inspect.stats, inspect.active, inspect.reserved):
        answer = request()
        if not answer:
            return None
        answers.append(answer[node])
    stats, active, reserved = answers
    tasks = {route["queue"]: task for task, route in ROUTES.items() if route["queue"] in queues}
    queue = open_queue(load_settings_or_exit())
    return Sample(
        started=sum(stats["total"].values()),
        held=len(active) + len(reserved),
        children=stats["pool"]["max-concurrency"],
        waiting=sum(queue.count_waiting(task) for task in tasks.values()),
        overdue=tuple(task["name"] for task in active if is_overdue(task, time.time())),
    )


def is_overdue(task: dict[str, Any], now: float) -> bool:
    """Return whether a task, as described by Celery, runs for longer than its hard limit and a grace period."""
    limit = HARD_LIMITS.get(task["name"], ANALYSE_HARD_LIMIT_SECONDS) + LIMIT_GRACE_SECONDS
    return task["time_start"] is not None and now - task["time_start"] > limit


def main() -> None:
    """Take a sample, and a second one if messages wait, because a message may just have arrived."""
    queues = set(known_queues(sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        first = take_sample(queues)
        if first is None:
            sys.exit("The worker does not respond.")
        if first.overdue:
            sys.exit(f"These tasks exceed their time limit: {', '.join(first.overdue)}.")
        if not first.leaves_work:
            return
        time.sleep(SAMPLE_INTERVAL_SECONDS)
        second = take_sample(queues)
    except (SegueError, OperationalError, RedisError, OSError) as error:
        sys.stderr.write(f"The broker does not respond: {error}\n")
        sys.exit(BROKER_IS_AWAY)
    if second is None or (second.leaves_work and second.started == first.started):
        sys.exit(
            f"The worker does not consume its queues: {first.waiting} messages wait in {', '.join(sorted(queues))}."
        )


if __name__ == "__main__":
    main()
