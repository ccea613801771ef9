"""The worker's settings fit together."""

import subprocess
import sys

import pytest

from services.settings import Settings
from services.supervisor import STOP_SECONDS
from workers import app as application
from workers.app import create_app


@pytest.fixture(scope="module")
def app():
    made = create_app(Settings(redis_url="redis://broker.invalid/0", qdrant_url="http://qdrant.invalid"))
    made.loader.import_default_modules()
    return made


def test_no_task_outlives_the_visibility_timeout(app):
    """Redis never hands a message out again while a task may still be at work on it."""
    from workers import tasks  # noqa: PLC0415

    limits = [app.conf.task_time_limit, tasks.scan.time_limit]

    assert app.conf.broker_transport_options["visibility_timeout"] >= 2 * max(limits)


def test_each_soft_limit_leaves_time_to_say_so(app):
    """A task that runs out of time is told before it is killed."""
    from workers import tasks  # noqa: PLC0415

    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert tasks.scan.soft_time_limit < tasks.scan.time_limit


def test_messages_outlive_workers(app):
    """A message is acknowledged when its work is done, and one that kills its child does not come back for ever."""
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is False
    assert app.conf.worker_prefetch_multiplier == 1


def test_only_json_is_taken(app):
    """What reaches the broker cannot run code in a worker."""
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_soft_shutdown_fits_into_the_supervisors_patience():
    """A worker in the middle of a task gives it back before `segue up` would kill it."""
    assert application.SOFT_SHUTDOWN_SECONDS < STOP_SECONDS - 2


def test_every_scheduled_task_exists_and_expires(app):
    """Beat sends tasks that a worker knows, and a pause leaves no heap of them."""
    for entry in app.conf.beat_schedule.values():
        assert entry["options"]["expires"] <= entry["schedule"]
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert scheduled == {"segue.reconcile", "segue.index"}
    assert scheduled <= set(application.app.tasks)


def test_without_a_qdrant_server_no_worker_indexes():
    """On one machine the API process owns the index: the scheduler leaves it alone."""
    assert set(create_app(Settings(redis_url="redis://broker.invalid/0")).conf.beat_schedule) == {"reconcile"}


def test_parent_process_imports_no_torch():
    """A torch operation before the fork hangs children: the parent does not even import it."""
    code = (
        "import sys, workers.app; workers.app.app.loader.import_default_modules();"
        "import workers.tasks; print(sorted({'torch', 'librosa', 'torchaudio'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
