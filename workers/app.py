"""The Celery application of the workers and its configuration."""

from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.utils.time import timezone

from services.domain.quiet import time_of_day
from services.index.indexer import RECONCILE_EVERY_SECONDS
from services.settings import Settings, load_settings_or_exit
from services.tasks.queue import (
    BROKER_OPTIONS,
    COVERS_TASK,
    FOLLOW_LINKS_TASK,
    INDEX_TASK,
    PUSH_MIXES_TASK,
    RECONCILE_INDEX_TASK,
    REFRESH_PLAYLISTS_TASK,
    RESCAN_TASK,
    RESEND_TASK,
    ROUTES,
    SOCKET_TIMEOUT_SECONDS,
    SWEEP_COVERS_TASK,
    SYNC_LINKS_TASK,
    TEND_SPACES_TASK,
    VISIBILITY_TIMEOUT_SECONDS,
    WEBHOOKS_TASK,
)
from workers.presence import Announcement

# An analysis decodes a limited number of seconds of audio; even slow machines need well under a minute.
ANALYSE_SOFT_LIMIT_SECONDS = 120
# Time between the soft limit, which raises an exception in the task, and the hard limit, which kills its process.
LIMIT_GRACE_SECONDS = 30
ANALYSE_HARD_LIMIT_SECONDS = ANALYSE_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS
# A first scan reads every file once, and a library may be on a slow network disk.
SCAN_SOFT_LIMIT_SECONDS = 6 * 3600
SCAN_HARD_LIMIT_SECONDS = SCAN_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS
# A large file at a low rate; the analysis takes seconds.
DOWNLOAD_SOFT_LIMIT_SECONDS = 1800
DOWNLOAD_HARD_LIMIT_SECONDS = DOWNLOAD_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS
# A rebuild sends every point of the library over the network.
INDEX_SOFT_LIMIT_SECONDS = 2 * 3600
INDEX_HARD_LIMIT_SECONDS = INDEX_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS

# A fit of 100,000 tracks takes minutes; another pass repeats it.
FIT_SOFT_LIMIT_SECONDS = 3600
FIT_HARD_LIMIT_SECONDS = FIT_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS

# An analysis takes about a second, so nearly all finish in this time. The whole shutdown takes less than the 7 s after
# which `segue up` kills a worker.
SOFT_SHUTDOWN_SECONDS = 3.0

# Loading torch and the encoder takes seconds, on a busy machine more than Celery's default of 4 s, after which Celery
# would kill and replace the child again and again.
CHILD_START_SECONDS = 180.0
# Decoders and numerical libraries fragment memory slowly. A new child costs seconds, so it is replaced rarely.
MAX_TASKS_PER_CHILD = 1000
# In kilobytes. A child with the encoder needs far less; Celery replaces a larger one after its current task.
MAX_MEMORY_PER_CHILD = 2_000_000

# Longer than a producer's timeout: a worker can wait while the broker rewrites its append-only file.
WORKER_SOCKET_TIMEOUT_SECONDS = 10.0
ERRORS_KEPT_SECONDS = 24 * 3600

RESEND_EVERY_SECONDS = 60.0
# A smart playlist is refreshed once a day; the task looks for those that are due.
REFRESH_PLAYLISTS_EVERY_SECONDS = 60.0
# Covers are looked for after each analysis and scan; this schedule covers older libraries and workers that died.
COVERS_EVERY_SECONDS = 60.0
SWEEP_COVERS_EVERY_SECONDS = 3600.0
# The task lists the songs of the links that are due, one after the other; a link is due an hour after its last list.
SYNC_LINKS_EVERY_SECONDS = 300.0
FOLLOW_LINKS_EVERY_SECONDS = 60.0
# Mixes are pushed once a day; the task looks for links that are due.
PUSH_MIXES_EVERY_SECONDS = 300.0
# A nightly scan that no worker could begin in this time waits for the next night.
RESCAN_EXPIRES_SECONDS = 6 * 3600
# The index task is sent after each change; this schedule covers messages that the broker did not accept.
INDEX_EVERY_SECONDS = 15.0
WEBHOOKS_EVERY_SECONDS = 5.0
# It fills the list of upgrades, which go on by themselves, and settles after a switch.
TEND_SPACES_EVERY_SECONDS = 60.0


def create_app(settings: Settings) -> Celery:
    """Return the application for the broker of the settings, with its schedule."""
    broker_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    app = Celery("segue", broker=broker_url, backend=broker_url, include=["workers.tasks", "workers.questions"])
    app.steps["consumer"].add(Announcement)
    app.conf.update(_RELIABILITY, beat_schedule=_schedule(settings), task_routes=ROUTES)
    return app


_RELIABILITY: dict[str, Any] = {
    "task_serializer": "json",
    "accept_content": ["json"],  # pickle would let anyone with access to the broker run code
    "task_ignore_result": True,  # outcomes are recorded in the catalogue
    # The broker keeps the errors of tasks that failed unexpectedly for a day.
    "task_store_errors_even_if_ignored": True,
    "result_expires": ERRORS_KEPT_SECONDS,
    "result_serializer": "json",
    # The result backend is the broker, so it needs the same visibility timeout and short socket timeouts.
    "result_backend_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS},
    "redis_socket_timeout": WORKER_SOCKET_TIMEOUT_SECONDS,
    "redis_socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
    "task_acks_late": True,  # a message is not lost with the worker that received it
    # Otherwise a task that kills its child would be redelivered forever. The catalogue counts attempts instead.
    "task_reject_on_worker_lost": False,
    "task_acks_on_failure_or_timeout": True,
    "task_soft_time_limit": ANALYSE_SOFT_LIMIT_SECONDS,
    "task_time_limit": ANALYSE_HARD_LIMIT_SECONDS,
    "worker_prefetch_multiplier": 1,  # no child reserves tasks that another could run now
    "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_SECONDS,
    "worker_proc_alive_timeout": CHILD_START_SECONDS,
    "worker_max_tasks_per_child": MAX_TASKS_PER_CHILD,
    "worker_max_memory_per_child": MAX_MEMORY_PER_CHILD,
    # After a lost connection a task cannot be acknowledged and is redelivered, so its current run is cancelled.
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "broker_connection_retry_on_startup": True,  # worker and broker may start in any order
    "broker_connection_max_retries": None,  # reconnect even after hours, without an operator
    "broker_transport_options": BROKER_OPTIONS
    | {
        "socket_timeout": WORKER_SOCKET_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        # Seconds after which a broken connection is detected.
        "health_check_interval": 10,
    },
    "timezone": timezone.local,  # with its rules, so that the nightly scan follows daylight saving time
    # All periods are short but that of the nightly scan, which a new watcher does too, so the scheduler needs no file.
    "beat_scheduler": "workers.scheduler:LeasedScheduler",
}


def _schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    # A message expires when the next one is due, so messages do not pile up while no worker runs.
    periods = {
        RESEND_TASK: RESEND_EVERY_SECONDS,
        REFRESH_PLAYLISTS_TASK: REFRESH_PLAYLISTS_EVERY_SECONDS,
        COVERS_TASK: COVERS_EVERY_SECONDS,
        SWEEP_COVERS_TASK: SWEEP_COVERS_EVERY_SECONDS,
        SYNC_LINKS_TASK: SYNC_LINKS_EVERY_SECONDS,
        FOLLOW_LINKS_TASK: FOLLOW_LINKS_EVERY_SECONDS,
        PUSH_MIXES_TASK: PUSH_MIXES_EVERY_SECONDS,
        TEND_SPACES_TASK: TEND_SPACES_EVERY_SECONDS,
    }
    if settings.qdrant_url is not None:
        periods |= {INDEX_TASK: INDEX_EVERY_SECONDS, RECONCILE_INDEX_TASK: RECONCILE_EVERY_SECONDS}
    if settings.webhooks:
        periods[WEBHOOKS_TASK] = WEBHOOKS_EVERY_SECONDS
    schedule: dict[str, dict[str, Any]] = {
        task.removeprefix("segue."): {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for task, seconds in periods.items()
    }
    if settings.rescan_at:
        begin = time_of_day(settings.rescan_at)
        nightly = crontab(minute=str(begin.minute), hour=str(begin.hour))
        schedule["rescan"] = {"task": RESCAN_TASK, "schedule": nightly, "options": {"expires": RESCAN_EXPIRES_SECONDS}}
    return schedule


app = create_app(load_settings_or_exit())
