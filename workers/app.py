"""The Celery application. Every setting stands here, with its reason beside it."""

from typing import Any

from celery import Celery

from services.index.indexer import RECONCILE_EVERY_SECONDS
from services.settings import Settings, load_settings_or_exit
from services.tasks.queue import (
    BROKER_OPTIONS,
    INDEX_TASK,
    RECONCILE_INDEX_TASK,
    RESEND_TASK,
    ROUTES,
    SOCKET_TIMEOUT_SECONDS,
    VISIBILITY_TIMEOUT_SECONDS,
)

# An analysis decodes a bounded number of seconds of audio; on the slowest machine that is well under a minute.
ANALYSE_SOFT_LIMIT_SECONDS = 120
# Time for a task that was told to stop to say so.
LIMIT_GRACE_SECONDS = 30
ANALYSE_HARD_LIMIT_SECONDS = ANALYSE_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS
# A first scan reads every file once, and a library may lie on a slow network disk.
SCAN_SOFT_LIMIT_SECONDS = 6 * 3600
SCAN_HARD_LIMIT_SECONDS = SCAN_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS
# A rebuild writes every point of the library over the network.
INDEX_SOFT_LIMIT_SECONDS = 2 * 3600
INDEX_HARD_LIMIT_SECONDS = INDEX_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS

# An analysis takes about a second, so nearly all end in this time; with the rest of the way out a worker is
# gone well within the 10 s that `segue up` grants.
SOFT_SHUTDOWN_SECONDS = 3.0

# Loading torch and the encoder takes seconds, on a busy machine many; Celery's 4 s would kill the child over and over.
CHILD_START_SECONDS = 180.0
# Decoders and numerical libraries fragment memory slowly; a fresh child costs seconds, so this is rare.
MAX_TASKS_PER_CHILD = 1000
# Kilobytes. A child with the encoder loaded stays far below; one that grew past this is replaced between two tasks.
MAX_MEMORY_PER_CHILD = 2_000_000

# Longer than a producer's: a worker can wait out a broker that rewrites its file.
BROKER_PATIENCE_SECONDS = 10.0
ERRORS_KEPT_SECONDS = 24 * 3600

RESEND_EVERY_SECONDS = 60.0
# The index task is sent when something changes; this is for the times when the broker did not take it.
INDEX_EVERY_SECONDS = 15.0


def create_app(settings: Settings) -> Celery:
    """The application for a broker, with its beat schedule."""
    broker_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    app = Celery("segue", broker=broker_url, backend=broker_url, include=["workers.tasks"])
    app.conf.update(_RELIABILITY, beat_schedule=_schedule(settings), task_routes=ROUTES)
    return app


_RELIABILITY: dict[str, Any] = {
    "task_serializer": "json",
    "accept_content": ["json"],  # pickle would let whoever reaches the broker run code
    "task_ignore_result": True,  # the catalogue is where outcomes are recorded
    # Of a task that failed in a way nobody foresaw the broker keeps the error, for whoever looks for its cause: a day.
    "task_store_errors_even_if_ignored": True,
    "result_expires": ERRORS_KEPT_SECONDS,
    "result_serializer": "json",
    # The same store as the broker, so the same promise about messages, and the same short waits for a frozen one.
    "result_backend_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS},
    "redis_socket_timeout": BROKER_PATIENCE_SECONDS,
    "redis_socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
    "task_acks_late": True,  # a message outlives the worker that took it
    # A task that kills its child would come back for ever; attempts are counted in the catalogue instead.
    "task_reject_on_worker_lost": False,
    "task_acks_on_failure_or_timeout": True,
    "task_soft_time_limit": ANALYSE_SOFT_LIMIT_SECONDS,
    "task_time_limit": ANALYSE_HARD_LIMIT_SECONDS,
    "worker_prefetch_multiplier": 1,  # no child hoards what another could do now
    "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_SECONDS,
    "worker_proc_alive_timeout": CHILD_START_SECONDS,
    "worker_max_tasks_per_child": MAX_TASKS_PER_CHILD,
    "worker_max_memory_per_child": MAX_MEMORY_PER_CHILD,
    # A task whose connection is lost can be acknowledged no more: it will come back, so do not do it twice at once.
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "broker_connection_retry_on_startup": True,  # worker and broker may start in any order
    "broker_connection_max_retries": None,  # a broker that is away for an hour must not need a person
    "broker_transport_options": BROKER_OPTIONS
    | {
        "socket_timeout": BROKER_PATIENCE_SECONDS,
        "socket_keepalive": True,
        # A broken connection that looks alive is noticed within this many seconds.
        "health_check_interval": 10,
    },
    "timezone": "UTC",
    # Both periods are short, so there is nothing to remember across a restart and no file to be damaged.
    "beat_scheduler": "celery.beat:Scheduler",
}


def _schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    # A run that comes late is dropped when the next is due, so that a long pause leaves no heap of them.
    schedule = {
        "resend_lost_work": {
            "task": RESEND_TASK,
            "schedule": RESEND_EVERY_SECONDS,
            "options": {"expires": RESEND_EVERY_SECONDS},
        }
    }
    if settings.qdrant_url is not None:
        schedule["index"] = {
            "task": INDEX_TASK,
            "schedule": INDEX_EVERY_SECONDS,
            "options": {"expires": INDEX_EVERY_SECONDS},
        }
        schedule["reconcile_index"] = {
            "task": RECONCILE_INDEX_TASK,
            "schedule": RECONCILE_EVERY_SECONDS,
            "options": {"expires": RECONCILE_EVERY_SECONDS},
        }
    return schedule


app = create_app(load_settings_or_exit())
