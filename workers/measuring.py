"""Measure the tasks of a worker, and send what its processes measure to the broker."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.signals import celeryd_init, task_failure, task_postrun, task_prerun

from services.settings import load_settings
from services.tasks.queue import ANALYSE_TASK, SENT_AT, TaskQueue, open_queue
from services.telemetry.measures import ANALYSES, QUEUE_WAIT_SECONDS, TASK_SECONDS, TASKS
from services.telemetry.relay import Relay
from services.telemetry.stages import Outcome
from services.telemetry.tracing import continued

# Exceptions in the parent after the end of a child, which can no longer measure its task.
CHILD_ENDED: Mapping[type[BaseException], Outcome] = {
    WorkerLostError: Outcome.CRASHED,
    TimeLimitExceeded: Outcome.TIMED_OUT,
}

_relay: Relay | None = None
_started: dict[str, tuple[float, ExitStack]] = {}
"""When the tasks of this process began, and their spans, by task id."""


def begin(queue: TaskQueue) -> None:
    """Send what this process measures from now on."""
    global _relay  # noqa: PLW0603  one a process, by design
    for outcome in Outcome:
        ANALYSES.labels(outcome)  # exposed as 0, so that the first of each outcome is an increase
    _relay = Relay(queue)


@celeryd_init.connect
def begin_in_parent(**_signal: Any) -> None:  # noqa: ANN401  Celery's signals have no types
    """Measure what only the parent sees: the end of a child."""
    begin(open_queue(load_settings()))


@task_prerun.connect
def note_start(task_id: str, task: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Note when a task begins, and how long its message has waited; continue its trace."""
    headers, span = task.request.headers or {}, ExitStack()
    span.enter_context(continued(headers, task.name, "CONSUMER", {"segue.task_id": task_id}))
    _started[task_id] = time.monotonic(), span
    sent_at = headers.get(SENT_AT)
    if sent_at is not None:
        queue = (task.request.delivery_info or {}).get("routing_key")
        QUEUE_WAIT_SECONDS.labels(queue).observe(max(0.0, time.time() - sent_at))  # clocks of machines differ


@task_postrun.connect
def note_end(task_id: str, task: Any, state: str | None = None, **_signal: Any) -> None:  # noqa: ANN401
    """Count a task, and send the measurements."""
    name = short_name(task)
    started, span = _started.pop(task_id)
    span.close()
    TASK_SECONDS.labels(name).observe(time.monotonic() - started)
    _end(name, Outcome.OK if state == "SUCCESS" else Outcome.FAILED)


@task_failure.connect
def note_lost_child(sender: Any, exception: BaseException, **_signal: Any) -> None:  # noqa: ANN401
    """Count a task whose child has ended with it."""
    outcome = CHILD_ENDED.get(type(exception))
    if outcome is None:
        return
    if sender.name == ANALYSE_TASK:
        ANALYSES.labels(outcome).inc()
    _end(short_name(sender), outcome)


def short_name(task: Any) -> str:  # noqa: ANN401
    """Return the name of a task without the prefix that all of them have."""
    return str(task.name).removeprefix("segue.")


def _end(name: str, outcome: Outcome) -> None:
    TASKS.labels(name, outcome).inc()
    if _relay is not None:
        _relay.send()
