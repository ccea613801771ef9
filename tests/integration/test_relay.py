"""What workers measure, on its way through a real broker."""

import pytest

from services.tasks.queue import TaskQueue
from services.telemetry.measures import TASKS
from services.telemetry.relay import Relay, sums
from tests.fakes.valkey import started_valkey


@pytest.fixture
def own_broker():
    """The queue on a broker of this test."""
    server = started_valkey()
    yield TaskQueue(server.connection_url)
    server.stop()


def counted(queue, task):
    """Return the sum of a task."""
    samples = [sample for metric in sums(queue) for sample in metric.samples]
    return next((sample.value for sample in samples if sample.labels == {"task": task, "outcome": "ok"}), None)


def test_a_process_sends_only_what_it_has_measured_itself(broker_url):
    """A forked child inherits the counts of its parent, and several processes add to one sum."""
    queue = TaskQueue(broker_url)
    parent = Relay(queue)
    TASKS.labels("forked", "ok").inc()
    child = Relay(queue)
    TASKS.labels("forked", "ok").inc(2)
    child.send()
    parent.send()

    assert counted(queue, "forked") == 2 + 3


def test_measurements_that_the_broker_did_not_accept_are_added_later(own_broker):
    """None is lost, and none is counted twice."""
    relay = Relay(own_broker)
    TASKS.labels("delayed", "ok").inc()
    relay.send()
    limit_memory(own_broker, 1)
    TASKS.labels("delayed", "ok").inc(2)
    relay.send()
    refused = counted(own_broker, "delayed")
    limit_memory(own_broker, 0)
    relay.send()
    relay.send()

    assert refused == 1
    assert counted(own_broker, "delayed") == 3


def limit_memory(queue, most):
    """Let the broker refuse writes beyond some bytes; 0 is no limit."""
    with queue.connection() as redis:
        redis.config_set("maxmemory", most)
