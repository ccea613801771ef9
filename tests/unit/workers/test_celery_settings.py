"""The Celery configuration is consistent."""

import subprocess
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import crontab
from celery.utils.time import timezone

from services.local.supervisor import STOP_SECONDS
from services.settings import Settings
from services.settings.library import PROCESSORS
from services.tasks.queue import BROKER_OPTIONS, TaskQueue
from workers import app as application
from workers.app import SCAN_HARD_LIMIT_SECONDS, create_app


@pytest.fixture(scope="module")
def app():
    from workers import tasks  # noqa: F401, PLC0415  registers them

    made = create_app(Settings(redis_url="redis://broker.invalid/0", qdrant_url="http://qdrant.invalid"))
    made.loader.import_default_modules()
    return made


def test_no_task_outlives_the_visibility_timeout(app):
    """Redis redelivers no message whose task may still run, with the options of workers and of producers."""
    limits = [task.time_limit for name, task in app.tasks.items() if name.startswith("segue.") and task.time_limit]
    places = [app.conf.broker_transport_options, app.conf.result_backend_transport_options, BROKER_OPTIONS]

    assert SCAN_HARD_LIMIT_SECONDS in limits
    for options in places:
        assert options["visibility_timeout"] >= 2 * max(*limits, app.conf.task_time_limit)


def test_producers_and_workers_have_the_same_visibility_timeout():
    """Producers may redeliver messages, so they have the same options."""
    assert TaskQueue("redis://broker.invalid/0")._app.conf.broker_transport_options == BROKER_OPTIONS


def test_results_are_ignored_and_errors_kept(app):
    """Errors are kept for a day and results are not stored."""
    assert app.conf.task_ignore_result is True
    assert app.conf.task_store_errors_even_if_ignored is True
    assert app.conf.result_expires == 24 * 3600


def test_children_are_replaced(app):
    """A child is replaced after a number of tasks or above an amount of memory."""
    assert 0 < app.conf.worker_max_tasks_per_child <= 1000
    assert 0 < app.conf.worker_max_memory_per_child <= 2_000_000


def test_every_connection_to_the_broker_has_a_timeout(app):
    """Each socket of workers and producers has a timeout."""
    for options in (app.conf.broker_transport_options, BROKER_OPTIONS):
        assert 0 < options["socket_timeout"] <= 10
        assert 0 < options["socket_connect_timeout"] <= 10
    assert 0 < app.conf.redis_socket_timeout <= 10


def test_each_soft_limit_is_below_the_hard_limit(app):
    """A task gets an exception before its process is killed."""
    from workers import tasks  # noqa: PLC0415

    assert app.conf.task_soft_time_limit < app.conf.task_time_limit
    assert tasks.scan.soft_time_limit < tasks.scan.time_limit


def test_messages_are_acknowledged_late(app):
    """A message is acknowledged after its task, and one that kills its child is not redelivered."""
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is False
    assert app.conf.worker_prefetch_multiplier == 1


def test_only_json_is_accepted(app):
    """Messages cannot run code in a worker."""
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_soft_shutdown_is_shorter_than_the_supervisors_timeout():
    """A worker returns its tasks before `segue up` kills it."""
    assert application.SOFT_SHUTDOWN_SECONDS < STOP_SECONDS - 2


PERIODIC = (
    *("resend_lost_work", "refresh_playlists", "covers", "sweep_covers"),
    *("sync_links", "follow_links", "push_mixes", "tend_spaces"),
)


def test_every_scheduled_task_exists_and_expires(app):
    """The scheduler sends registered tasks, and their messages expire before the next ones."""
    for entry in app.conf.beat_schedule.values():
        nightly = isinstance(entry["schedule"], crontab)
        assert entry["options"]["expires"] <= (24 * 3600 if nightly else entry["schedule"])
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert scheduled == {f"segue.{name}" for name in (*PERIODIC, "index", "reconcile_index", "rescan")}
    assert scheduled <= set(application.app.tasks)


def test_without_a_qdrant_server_no_worker_indexes():
    """With the embedded index the API process updates the index, so no index task is scheduled."""
    schedule = create_app(Settings(redis_url="redis://broker.invalid/0")).conf.beat_schedule

    assert set(schedule) == {*PERIODIC, "rescan"}


@pytest.mark.parametrize(
    ("last", "following"),
    [("2026-03-28T03:30Z", "2026-03-29T02:30Z"), ("2026-10-24T02:30Z", "2026-10-25T03:30Z")],
)
def test_the_nightly_scan_is_at_the_local_time_that_is_set(last, following):
    """It stays there when daylight saving time begins and ends; without a time there is no nightly scan."""
    broker = "redis://broker.invalid/0"
    made = create_app(Settings(redis_url=broker, rescan_at="04:30"))
    nightly = made.conf.beat_schedule["rescan"]["schedule"]
    assert made.timezone == timezone.local
    nightly.tz = ZoneInfo("Europe/Berlin")
    at = datetime.fromisoformat(last)
    nightly.nowfun = lambda: at

    assert at + nightly.remaining_estimate(at) == datetime.fromisoformat(following)
    assert "rescan" not in create_app(Settings(redis_url=broker, rescan_at="")).conf.beat_schedule


@pytest.mark.parametrize(
    ("share", "processes", "duty"),
    [(1.0, PROCESSORS, 1.0), (1 / PROCESSORS, 1, 1.0), (0.5 / PROCESSORS, 1, 0.5)],
)
def test_a_share_of_the_processors(share, processes, duty):
    """With less than one processor, the only process rests after each analysis."""
    settings = Settings(analysis_cpu=share)

    assert settings.analysis_processes == processes
    assert settings.analysis_duty == pytest.approx(duty)
    assert Settings(analysis_cpu=share, worker_processes=1).analysis_processes == 1


def test_parent_process_imports_no_torch():
    """The parent does not import torch, because its threads would make forked children hang."""
    code = (
        "import sys, workers.app; workers.app.app.loader.import_default_modules();"
        "import workers.tasks; print(sorted({'torch', 'librosa', 'torchaudio'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
