"""The task queue as producers use it: tasks are sent by name. `workers.app` configures the consumers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import structlog
from celery import Celery
from celery.signals import before_task_publish
from kombu.exceptions import OperationalError
from kombu.transport.redis import PRIORITY_STEPS, Channel
from redis.exceptions import LockError, RedisError, ResponseError
from redis.lock import Lock

from services.circuit import Circuit, CircuitOpen
from services.domain.errors import BrokerUnavailable, NotConfigured
from services.domain.job import JobKind
from services.settings import Settings
from services.telemetry.tracing import carried

# With one retry, a broker that does not respond delays a request by less than 2 s.
SOCKET_TIMEOUT_SECONDS = 0.8

# Redis redelivers a message that is not acknowledged in this time. A running task must not be started twice, so this is
# at least twice the longest hard limit, that of a scan. Any process with a connection may redeliver messages, so
# producers need the same value. `resend_lost_work` finds the tasks of a dead worker sooner, through the catalogue.
VISIBILITY_TIMEOUT_SECONDS = 13 * 3600

# Of a question, after its client has stopped waiting: the exception of the soft limit does not stop every library.
QUESTION_GRACE_SECONDS = 5.0

BROKER_OPTIONS: dict[str, Any] = {
    "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
    "socket_timeout": SOCKET_TIMEOUT_SECONDS,
    "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
}

LEASE_PREFIX = "segue.exclusive."
"""Before the name of a lease in the broker."""

# By default kombu waits 2 s before its first retry.
ONE_RETRY = {"max_retries": 1, "interval_start": 0}

# Uploads and new files of a library that go before the turns of all libraries. Twenty albums arrive at once, but a
# library that is copied as a whole takes its turn, or it would hold up the scans of others.
URGENT_IN_PERIOD = 300
URGENT_PERIOD_SECONDS = 3600

SCAN_TASK = "segue.scan"
SCAN_PICTURES_TASK = "segue.scan_pictures"
ANALYSE_TASK = "segue.analyse"
UPGRADE_TASK = "segue.upgrade"
INDEX_TASK = "segue.index"
RESEND_TASK = "segue.resend_lost_work"
RECONCILE_INDEX_TASK = "segue.reconcile_index"
QUESTION_TASK = "segue.question"
REFRESH_PLAYLISTS_TASK = "segue.refresh_playlists"
COVERS_TASK = "segue.covers"
SWEEP_COVERS_TASK = "segue.sweep_covers"
FIT_MAP_TASK = "segue.fit_map"
RESCAN_TASK = "segue.rescan"
SYNC_LINKS_TASK = "segue.sync_links"
DOWNLOAD_TASK = "segue.download"
FOLLOW_LINKS_TASK = "segue.follow_links"
PUSH_MIXES_TASK = "segue.push_mixes"
WEBHOOKS_TASK = "segue.webhooks"
TEND_SPACES_TASK = "segue.tend_spaces"

# Separate queues, so that a slow scan or many analyses do not delay the indexer or the questions of clients.
ROUTES = {
    SCAN_TASK: {"queue": "scan"},
    SCAN_PICTURES_TASK: {"queue": "analyse"},  # it reads the pictures, which needs torch
    ANALYSE_TASK: {"queue": "analyse"},
    UPGRADE_TASK: {"queue": "analyse"},
    INDEX_TASK: {"queue": "index"},
    RESEND_TASK: {"queue": "scan"},
    RECONCILE_INDEX_TASK: {"queue": "index"},
    REFRESH_PLAYLISTS_TASK: {"queue": "index"},
    QUESTION_TASK: {"queue": "questions"},
    COVERS_TASK: {"queue": "scan"},  # behind the analyses of a new library, changed covers would wait for hours
    SWEEP_COVERS_TASK: {"queue": "scan"},
    FIT_MAP_TASK: {"queue": "scan"},
    RESCAN_TASK: {"queue": "scan"},
    SYNC_LINKS_TASK: {"queue": "scan"},
    DOWNLOAD_TASK: {"queue": "analyse"},  # it analyses the song, too
    FOLLOW_LINKS_TASK: {"queue": "index"},  # behind a long scan, what plays now would be shown too late
    PUSH_MIXES_TASK: {"queue": "index"},
    WEBHOOKS_TASK: {"queue": "index"},
    TEND_SPACES_TASK: {"queue": "scan"},
}

QUEUES = sorted({route["queue"] for route in ROUTES.values()})

SENT_AT = "sent_at"
"""Header of each message: when it was sent, in seconds since 1970."""


def complete_headers(headers: dict[str, Any], **_signal: Any) -> None:  # noqa: ANN401  Celery's signals have no types
    """Add to each message of this process, whoever sends it, when it was sent, and the trace that it continues."""
    headers[SENT_AT] = time.time()
    headers.update(carried())


before_task_publish.connect(complete_headers)


def lists_of(queue: str) -> list[str]:
    """Return the lists of the broker in which the messages of a queue wait, one for each priority."""
    return [f"{queue}{Channel.sep}{priority}" if priority else queue for priority in PRIORITY_STEPS]


class Urgency(IntEnum):
    """How soon an analysis is wanted: a priority of kombu, whose messages wait in a list of the broker for each.

    Workers take a message from the first list that is not empty. All other tasks have the first priority.
    """

    NEW = 0
    """An upload, or a file that has just come into a watched folder: somebody waits for it."""
    PLAYED = 3
    """Listens of the track wait in the catalogue."""
    BULK = 6
    """The rest, a few at a time by turns of the libraries (`services.tasks.turns`)."""
    UPGRADE = 9
    """A further analysis of a track that has one, by another model version."""


@dataclass(frozen=True, slots=True)
class Lease:
    """An exclusive right that expires unless it is renewed."""

    lock: Lock
    circuit: Circuit

    def renew(self) -> None:
        """Reset the remaining time of the lease.

        Raises:
            BrokerUnavailable: the lease has expired, so another process may hold it, or the broker does not respond.
        """
        try:
            with _broker_errors(), self.circuit.call():
                self.lock.reacquire()
        except LockError as error:
            raise BrokerUnavailable(f"The lease expired before it was renewed: {error}. Try again.") from error


class TaskQueue:
    """Sends tasks to the workers; its methods raise `BrokerUnavailable` if the broker does not accept a task."""

    def __init__(self, broker_url: str) -> None:
        self._circuit = Circuit(_is_unavailability)
        self._app = Celery("segue", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_routes=ROUTES,
            task_serializer="json",
            task_ignore_result=True,
            broker_transport_options=BROKER_OPTIONS,
            broker_connection_timeout=SOCKET_TIMEOUT_SECONDS,
        )

    def scan(self, job_id: str, kind: JobKind = JobKind.SCAN) -> None:
        """Send the task that runs a scan job of this kind."""
        self._send(SCAN_PICTURES_TASK if kind == JobKind.PICTURES else SCAN_TASK, job_id)

    def analyse(self, track_id: str, urgency: Urgency = Urgency.BULK) -> None:
        """Send the task that analyses a pending track."""
        self._send(ANALYSE_TASK, track_id, urgency=urgency)

    def continue_attempt(self, track_id: str, holder: str) -> None:
        """Send an analysis that repeats the attempt of `holder` without counting it again."""
        self._send(ANALYSE_TASK, track_id, continues_attempt=holder)

    def download(self, link: str, song_id: str) -> None:
        """Send the task that downloads a song of a linked server and analyses it."""
        self._send(DOWNLOAD_TASK, link, song_id, urgency=Urgency.BULK)

    def upgrade(self) -> None:
        """Send the task that analyses a track with another model version."""
        self._send(UPGRADE_TASK, urgency=Urgency.UPGRADE)

    def index(self) -> None:
        """Send the task that updates the index on a Qdrant server."""
        self._send(INDEX_TASK)

    def resend(self) -> None:
        """Send the task that looks for unsent work in the catalogue; the scheduler also does so every minute."""
        self._send(RESEND_TASK)

    def covers(self) -> None:
        """Send the task that looks for covers."""
        self._send(COVERS_TASK)

    def fit_map(self) -> None:
        """Send the task that fits the map if it is due."""
        self._send(FIT_MAP_TASK)

    def question(self, question_id: str, kind: str, seconds: float) -> None:
        """Send the task that answers a question in some seconds; see `services.tasks.questions`."""
        self._send(QUESTION_TASK, question_id, kind, seconds=seconds)

    def ping(self) -> None:
        """Check that the broker responds."""
        with self.connection() as redis:
            redis.ping()

    def count_waiting(self, task: str, *urgencies: Urgency) -> int:
        """Return the number of messages in the queue of a task that no worker has received.

        Those of some urgencies, by default of all but `UPGRADE`, which all others overtake.
        """
        lists = lists_of(ROUTES[task]["queue"])
        with self.connection() as redis, redis.pipeline(transaction=False) as pipeline:
            for urgency in urgencies or (Urgency.NEW, Urgency.PLAYED, Urgency.BULK):
                pipeline.llen(lists[PRIORITY_STEPS.index(urgency)])
            return sum(pipeline.execute())

    def may_be_urgent(self, library: str) -> bool:
        """Count an urgent analysis of a library; return whether it may go before the turns of all libraries."""
        key = f"segue.urgent.{library}"
        with self.connection() as redis, redis.pipeline() as pipeline:
            pipeline.set(key, 0, ex=URGENT_PERIOD_SECONDS, nx=True)
            pipeline.incr(key)
            return bool(pipeline.execute()[-1] <= URGENT_IN_PERIOD)

    @contextmanager
    def lease(self, name: str, lease_seconds: float, wait_seconds: float = 0) -> Iterator[Lease | None]:
        """Hold a lease that one process has at a time; None if another process still holds it after `wait_seconds`.

        The lease of a process that dies expires after `lease_seconds`.
        """
        with self._app.connection_for_write(connect_timeout=SOCKET_TIMEOUT_SECONDS) as connection:
            with _broker_errors(), self._circuit.call():
                lock = Lock(connection.default_channel.client, f"{LEASE_PREFIX}{name}", timeout=lease_seconds)
                acquired = lock.acquire(blocking=wait_seconds > 0, blocking_timeout=wait_seconds or None)
            try:
                yield Lease(lock, self._circuit) if acquired else None
            finally:
                if acquired:
                    with suppress(RedisError, OSError):  # the lease expires by itself
                        lock.release()

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Connect a client to the broker. Do not use another method inside the context: the circuit admits one call."""
        with (
            _broker_errors(),
            self._circuit.call(),
            self._app.connection_for_write(
                connect_timeout=SOCKET_TIMEOUT_SECONDS, transport_options=ONE_RETRY
            ) as connection,
        ):
            yield connection.default_channel.client

    def _send(
        self, name: str, *arguments: str, urgency: Urgency = Urgency.NEW, seconds: float | None = None, **options: str
    ) -> None:
        # The worker adds the id of the HTTP request to its log events.
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        headers = {} if request_id is None else {"request_id": request_id}
        with _broker_errors(), self._circuit.call():
            self._app.send_task(
                name,
                args=arguments,
                kwargs=options,
                headers=headers,
                priority=int(urgency),
                soft_time_limit=seconds,
                time_limit=None if seconds is None else seconds + QUESTION_GRACE_SECONDS,
                retry=True,
                retry_policy=ONE_RETRY,
            )


@contextmanager
def _broker_errors() -> Iterator[None]:
    try:
        yield
    except LockError:
        raise  # the broker responded
    except (OperationalError, RedisError, OSError, CircuitOpen) as error:
        raise BrokerUnavailable(f"The broker is unavailable: {error}. Try again in a moment.") from error


def _is_unavailability(error: Exception) -> bool:
    # Errors such as "out of memory" or an expired lease are responses of a broker that works.
    responses = (ResponseError, LockError)
    return isinstance(error, OperationalError | RedisError | OSError) and not isinstance(error, responses)


def open_queue(settings: Settings) -> TaskQueue:
    """Return the queue on the broker of the settings.

    Raises:
        NotConfigured: `SEGUE_REDIS_URL` is not set.
    """
    if settings.redis_url is None:
        raise NotConfigured("SEGUE_REDIS_URL is not set. Set it to a Redis or Valkey server; `segue up` starts one.")
    return TaskQueue(settings.redis_url.get_secret_value())
