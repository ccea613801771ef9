"""Sending tasks by name: the services' side of the queue. `workers.app` is the other side."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import LockError, RedisError, ResponseError
from redis.lock import Lock

from services.circuit import Circuit, CircuitOpen
from services.domain.errors import BrokerUnavailable, NotConfigured
from services.settings import Settings

# A frozen broker must cost a request less than 2 s, not a minute: each socket wait is short and there is one retry.
SOCKET_TIMEOUT_SECONDS = 0.8

# Redis hands a message out again when it stays unacknowledged this long; a task that is still at work must never be
# started a second time, so this is at least twice the longest hard limit, a scan's. It stands here because any process
# with a connection may be the one that looks for such messages. What a dead worker held is found sooner than that by
# `resend_lost_work`, from the catalogue.
VISIBILITY_TIMEOUT_SECONDS = 13 * 3600

BROKER_OPTIONS: dict[str, Any] = {
    "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
    "socket_timeout": SOCKET_TIMEOUT_SECONDS,
    "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
}

SCAN_TASK = "segue.scan"
ANALYSE_TASK = "segue.analyse"
INDEX_TASK = "segue.index"
RESEND_TASK = "segue.resend_lost_work"
RECONCILE_INDEX_TASK = "segue.reconcile_index"

# A queue of its own each, so that one slow scan or many analyses never hold up the indexer.
ROUTES = {
    SCAN_TASK: {"queue": "scan"},
    ANALYSE_TASK: {"queue": "analyse"},
    INDEX_TASK: {"queue": "index"},
    RESEND_TASK: {"queue": "scan"},
    RECONCILE_INDEX_TASK: {"queue": "index"},
}


@dataclass(frozen=True, slots=True)
class Lease:
    """The exclusive right to do something, until it runs out or is given back."""

    lock: Lock
    circuit: Circuit

    def renew(self) -> None:
        """Have the whole time again.

        Raises:
            BrokerUnavailable: it ran out, so that another process may be at it now, or the broker does not answer.
        """
        try:
            with _translated(), self.circuit.call():
                self.lock.reacquire()
        except LockError as error:
            raise BrokerUnavailable(f"The lease ran out before it was renewed: {error}. Try again.") from error


class TaskQueue:
    """Asks the workers for something; every method raises `BrokerUnavailable` when the broker does not take it."""

    def __init__(self, broker_url: str) -> None:
        self._circuit = Circuit(_is_gone)
        self._app = Celery("segue", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            task_routes=ROUTES,
            task_serializer="json",
            task_ignore_result=True,
            broker_transport_options=BROKER_OPTIONS,
            broker_connection_timeout=SOCKET_TIMEOUT_SECONDS,
        )

    def scan(self, job_id: str) -> None:
        """Carry out a scan job."""
        self._send(SCAN_TASK, job_id)

    def analyse(self, track_id: str) -> None:
        """Analyse a pending track."""
        self._send(ANALYSE_TASK, track_id)

    def continue_attempt(self, track_id: str, holder: str) -> None:
        """Analyse a track whose attempt, held by whom is named, failed through no fault of its own."""
        self._send(ANALYSE_TASK, track_id, continues_attempt=holder)

    def index(self) -> None:
        """Take marked tracks into the index; used where a Qdrant server holds it."""
        self._send(INDEX_TASK)

    def ping(self) -> None:
        """Check that the broker answers."""
        with self._redis() as redis:
            redis.ping()

    def waiting(self, task: str) -> int:
        """How many messages wait in the queue of a task, not counting those that a worker holds."""
        with self._redis() as redis:
            return int(redis.llen(ROUTES[task]["queue"]))

    @contextmanager
    def exclusive(self, name: str, lease_seconds: float) -> Iterator[Lease | None]:
        """The right to do what is named, which one process has at a time; None, at once, while another has it.

        A process that dies holding it keeps it until its lease runs out.
        """
        with self._app.connection_for_write(connect_timeout=SOCKET_TIMEOUT_SECONDS) as connection:
            with _translated(), self._circuit.call():
                lock = Lock(connection.default_channel.client, f"segue.exclusive.{name}", timeout=lease_seconds)
                taken = lock.acquire(blocking=False)
            try:
                yield Lease(lock, self._circuit) if taken else None
            finally:
                if taken:
                    with suppress(RedisError, OSError):  # it runs out by itself; what was done stays done
                        lock.release()

    @contextmanager
    def _redis(self) -> Iterator[Any]:
        with (
            _translated(),
            self._circuit.call(),
            self._app.connection_for_write(connect_timeout=SOCKET_TIMEOUT_SECONDS) as connection,
        ):
            yield connection.default_channel.client

    def _send(self, name: str, *arguments: str, **options: str) -> None:
        # The request that asked for it, so that the worker's log names it as well.
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        headers = {} if request_id is None else {"request_id": request_id}
        with _translated(), self._circuit.call():
            self._app.send_task(
                name,
                args=arguments,
                kwargs=options,
                headers=headers,
                retry=True,
                retry_policy={"max_retries": 1, "interval_start": 0},
            )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except LockError:
        raise  # the broker answered
    except (OperationalError, RedisError, OSError, CircuitOpen) as error:
        raise BrokerUnavailable(f"The broker does not take tasks: {error}. Try again in a moment.") from error


def _is_gone(error: Exception) -> bool:
    # An answer, "out of memory" or "that lease is not yours any more" say, is no silence.
    answers = (ResponseError, LockError)
    return isinstance(error, OperationalError | RedisError | OSError) and not isinstance(error, answers)


def open_queue(settings: Settings) -> TaskQueue:
    """The queue that the settings name.

    Raises:
        NotConfigured: no broker is set.
    """
    if settings.redis_url is None:
        raise NotConfigured("SEGUE_REDIS_URL is not set. `segue up` starts a broker and sets it.")
    return TaskQueue(settings.redis_url.get_secret_value())
