"""How many messages the queues of a real broker hold, and how many of them a consumer has received."""

import time

from kombu import Connection

from services.tasks.backlog import backlogs
from services.tasks.queue import TaskQueue, Urgency
from tests.fakes.installation import TIMEOUT_SECONDS, wait_until


def test_messages_of_all_priorities_wait(broker_url):
    """The age is that of the oldest message, in whichever list it waits."""
    queue = TaskQueue(broker_url)
    with queue.connection() as redis:
        redis.flushall()
    begun = time.time()
    queue.analyse("first", Urgency.BULK)
    queue.analyse("second", Urgency.NEW)
    queue.index()
    wait_until(lambda: time.time() > begun + 0.2)
    found = backlogs(queue)

    assert {name: each.length for name, each in found.items()} == {"analyse": 2, "index": 1, "questions": 0, "scan": 0}
    assert found["analyse"].unacknowledged == 0
    assert time.time() - begun >= found["analyse"].oldest_seconds >= found["index"].oldest_seconds > 0
    assert found["scan"].oldest_seconds == 0


def test_a_message_counts_until_it_is_acknowledged(broker_url):
    """A message that a consumer has received is unacknowledged, and no longer waits."""
    queue = TaskQueue(broker_url)
    with queue.connection() as redis:
        redis.flushall()
    queue.index()
    with Connection(broker_url) as consumer, consumer.SimpleQueue("index") as received:
        message = received.get(timeout=TIMEOUT_SECONDS)
        running = backlogs(queue)["index"]
        message.ack()
        done = backlogs(queue)["index"]

    assert (running.length, running.waiting, running.unacknowledged, running.oldest_seconds) == (1, 0, 1, 0)
    assert done.length == 0
