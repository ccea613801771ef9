"""Sums of what all workers have measured, in a hash of the broker, which the API exposes at `/metrics`.

Workers need no port for it, and the measurements of workers that have ended are kept (docs/adr/036-measurements.md).
"""

import json
from collections.abc import Iterator

import structlog
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from services.domain.errors import BrokerUnavailable
from services.tasks.queue import TaskQueue
from services.telemetry.measures import WORKERS

SUMS_KEY = "segue.measurements"
"""Hash: values by metric, sample and labels, as JSON."""

log = structlog.get_logger(__name__)


class Relay:
    """Adds what this process measures to the sums in the broker."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue
        # A forked process inherits the values of its parent, which sends them itself.
        self._sent = {field: value for field, value in _fields() if value}

    def send(self) -> None:
        """Add what was measured since the last call. While the broker is unavailable, the next call adds it."""
        values = dict(_fields())
        # Zeros as well: a counter that appears with its first event has no increase.
        changes = {
            field: value - self._sent.get(field, 0.0)
            for field, value in values.items()
            if value != self._sent.get(field)
        }
        if not changes:
            return
        try:
            with self._queue.connection() as redis, redis.pipeline(transaction=True) as pipeline:
                for field, change in changes.items():
                    pipeline.hincrbyfloat(SUMS_KEY, field, change)
                pipeline.execute()
        except BrokerUnavailable as error:
            log.warning("measurements_not_sent", reason=error.detail)
        else:
            self._sent = values


def sums(queue: TaskQueue) -> list[Metric]:
    """Return the sums over all workers.

    Raises:
        BrokerUnavailable: the broker does not respond.
    """
    with queue.connection() as redis:
        stored = redis.hgetall(SUMS_KEY)
    # Metrics that this version does not have are left out; workers of another version may have stored them.
    metrics = {metric.name: Metric(metric.name, metric.documentation, metric.type) for metric in WORKERS.collect()}
    for field, value in stored.items():
        name, sample, labels = json.loads(field)
        if name in metrics:
            metrics[name].samples.append(Sample(sample, labels, float(value)))
    for metric in metrics.values():
        metric.samples.sort(key=_place)
    return [metric for metric in metrics.values() if metric.samples]


def _fields() -> Iterator[tuple[str, float]]:
    for metric in WORKERS.collect():
        for sample in metric.samples:
            if not sample.name.endswith("_created"):  # the time at which this process began to count
                yield json.dumps([metric.name, sample.name, sample.labels], sort_keys=True), sample.value


def _place(sample: Sample) -> tuple[object, ...]:
    """Return a key that sorts samples by their labels, and the buckets of a histogram by their size."""
    labels = {name: value for name, value in sample.labels.items() if name != "le"}
    return sorted(labels.items()), sample.name, float(sample.labels.get("le", 0))
