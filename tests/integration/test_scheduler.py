"""Two schedulers never send tasks at the same time, with a real broker and real processes."""

import sys

import pytest
from redis import Redis

from services.settings import Settings
from services.tasks.presence import Workers
from services.tasks.queue import RESEND_TASK, TaskQueue
from tests.fakes.installation import installation, running, wait_until
from workers.app import create_app
from workers.scheduler import RENEW_EVERY_SECONDS, LeasedScheduler

LEASE = "segue.exclusive.scheduler"


@pytest.fixture
def open_scheduler(broker_url, monkeypatch):
    """Returns schedulers that send one task at each tick."""
    monkeypatch.setenv("SEGUE_REDIS_URL", broker_url)
    opened = []

    def open_another():
        app = create_app(Settings())
        app.conf.beat_schedule = {"always": {"task": RESEND_TASK, "schedule": 0.0}}
        opened.append(LeasedScheduler(app=app))
        return opened[-1]

    yield open_another
    for scheduler in opened:
        scheduler.close()


def test_one_scheduler_sends_tasks(open_scheduler, broker_url):
    """A second one sends nothing until the lease is released or has expired; the first then sends nothing."""
    first, second = open_scheduler(), open_scheduler()
    queue, redis = TaskQueue(broker_url), Redis.from_url(broker_url)

    def sent_by(scheduler):
        before = queue.count_waiting(RESEND_TASK)
        pause = scheduler.tick()
        return queue.count_waiting(RESEND_TASK) - before, pause

    assert sent_by(first) == (1, 0)
    assert sent_by(second) == (0, RENEW_EVERY_SECONDS)
    assert sent_by(first) == (1, 0)
    assert Workers(queue).has_scheduler()

    redis.delete(LEASE)  # as after its time
    assert sent_by(second) == (1, 0)
    assert sent_by(first) == (0, RENEW_EVERY_SECONDS)

    second.close()
    assert sent_by(first) == (1, 0)


def test_a_scheduler_renews_its_lease(open_scheduler, broker_url):
    """Each tick resets the remaining time, and the next tick comes before the lease expires."""
    scheduler, redis = open_scheduler(), Redis.from_url(broker_url)
    scheduler.tick()
    redis.pexpire(LEASE, 5_000)
    scheduler.tick()

    assert redis.pttl(LEASE) > 1000 * scheduler.max_interval
    assert scheduler.max_interval == RENEW_EVERY_SECONDS


def test_the_scheduler_in_a_worker_takes_over(tmp_path):
    """A worker's scheduler waits for one in its own process, continues when that is stopped, and releases its lease."""
    command = [sys.executable, "-m", "celery", "--app=workers.app", "beat", "--loglevel=INFO"]
    with installation(tmp_path / "data") as here, Redis(unix_socket_path=str(here.broker.socket)) as redis:
        with running(command, tmp_path / "log", here.environment) as alone:
            wait_until(lambda: redis.exists(LEASE))
            with here.worker("--beat") as worker:
                wait_until(lambda: "scheduler_waits" in worker.output)
                assert "Sending due task" not in worker.output
                alone.process.terminate()
                alone.process.wait()
                wait_until(lambda: "scheduler_active" in worker.output)
                worker.process.terminate()
                worker.process.wait()

        assert not redis.exists(LEASE)
