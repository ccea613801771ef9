"""What a worker's processes set up: nothing of torch in the parent, one encoder in each child."""

import atexit
import logging
import os
import resource
import signal
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import structlog
from billiard.exceptions import WorkerLostError
from billiard.process import current_process
from celery.platforms import set_pdeathsig
from celery.signals import (
    after_setup_logger,
    after_setup_task_logger,
    beat_embedded_init,
    celeryd_init,
    task_failure,
    task_prerun,
    task_received,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from structlog.types import EventDict

from services.catalog import Catalogue
from services.composition import open_server_index
from services.domain.errors import SegueError
from services.logs import COMMON, formatter
from services.settings import Settings, load_settings
from services.storage.locks import shared_catalogue_lock
from services.tasks.queue import ANALYSE_TASK, RESEND_TASK, ROUTES, TaskQueue, open_queue
from workers.app import app

if TYPE_CHECKING:
    from services.index.qdrant_server import ServerIndex

# Sent by each worker when it starts. It runs in a child because naming the version imports torch.
ADOPT_MODEL_TASK = "segue.adopt_model"

# Address space that a child may add to what it has once warm. The decoder has its own, narrower limit; what comes from
# it is a minute of mono at most, so that this is for defects: a track fails with a reason, and the machine stays up.
ADDRESS_SPACE_HEADROOM_BYTES = 4 * 2**30

# Names this worker in the claims of its children, which inherit it by the fork. No other has it, not even the one that
# is started in its place.
WORKER = uuid.uuid4().hex
# The way out is short: where the catalogue does not answer in this time, the claims run out by themselves.
RELEASE_SECONDS = 2.0

log = structlog.get_logger()


@dataclass
class ChildProcess:
    """What the tasks of one worker child work with, opened after the fork and kept for its life."""

    settings: Settings
    catalogue: Catalogue
    queue: TaskQueue
    held: ExitStack = field(default_factory=ExitStack)
    """What is given back last: the catalogue and its place."""

    @cached_property
    def server_index(self) -> "ServerIndex":
        """The index on the Qdrant server."""
        return open_server_index(self.settings, for_requests=False)


_child: ChildProcess | None = None

_died: set[str] = set()
"""Tasks of this worker whose child died: their attempts stay counted. In the parent."""
_requests: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""What Celery holds of the tasks that are in this worker."""


def child() -> ChildProcess:
    """This process's catalogue and queue.

    Raises:
        RuntimeError: this process is not a worker child.
    """
    if _child is None:
        raise RuntimeError("Tasks run in worker children only: start them with `segue worker`.")
    return _child


@celeryd_init.connect
def log_through_celery(**_signal: Any) -> None:  # noqa: ANN401
    """Send what Segue logs through Celery's handlers, which know the level and where to write."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *COMMON,
            add_process_name,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def add_process_name(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Tell the children apart."""
    event["process"] = current_process().name
    return event


@after_setup_logger.connect
@after_setup_task_logger.connect
def log_json(logger: logging.Logger, **_signal: Any) -> None:  # noqa: ANN401
    """Have Celery's own records look like everybody else's."""
    for handler in logger.handlers:
        handler.setFormatter(formatter())


@worker_process_init.connect
def open_child(**_signal: Any) -> None:  # noqa: ANN401  Celery passes what it likes
    """Open the catalogue, and load the encoder if this worker analyses; one that cannot must take no messages."""
    global _child  # noqa: PLW0603  one a process, by design
    try:
        if ROUTES[ANALYSE_TASK]["queue"] in app.amqp.queues.consume_from:
            _prepare_analysis()
        settings = load_settings()
        held = ExitStack()
        held.enter_context(shared_catalogue_lock(settings))
        catalogue = Catalogue.open(settings.catalogue_url)
        held.callback(catalogue.close)
        _child = ChildProcess(settings, catalogue, open_queue(settings), held)
    except BaseException:
        # Celery would only log it and serve on. Stopped, it is started again by what watches it, and seen.
        log.critical("worker_child_cannot_start", exc_info=True)
        os.kill(os.getppid(), signal.SIGTERM)
        raise
    log.info("worker_child_ready")


def _prepare_analysis() -> None:
    # A torch operation before the fork leaves threads behind that the child would wait for without end, so the
    # first import of torch happens here.
    from models.analysis import warm_up  # noqa: PLC0415

    protections = warm_up(threads=1)  # the children are the parallelism; more threads would only contend
    if protections.missing:
        log.warning("decoder_sandbox", on=protections.on, missing=protections.missing)
    else:
        log.info("decoder_sandbox", on=protections.on)
    bound_memory(ADDRESS_SPACE_HEADROOM_BYTES)


def bound_memory(headroom: int) -> None:
    """Let this process map so many bytes more than now; beyond that it gets MemoryError. On Linux only.

    The limit is on top of what is mapped, not a total: torch alone maps gigabytes that it never touches.
    """
    if sys.platform != "linux":
        return  # macOS counts shared libraries of the whole system and holds no process to the limit
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + headroom
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


@task_prerun.connect
def bind_request(task: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Have everything that a task logs, and the tasks it sends, name the request that asked for it."""
    structlog.contextvars.clear_contextvars()
    if request_id := (task.request.headers or {}).get("request_id"):
        structlog.contextvars.bind_contextvars(request_id=request_id)


@worker_process_shutdown.connect
def close_child(**_signal: Any) -> None:  # noqa: ANN401
    """Give the catalogue's connections and its place back."""
    if _child is not None:
        _child.held.close()


@task_received.connect
def remember_request(request: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Keep, in the parent and while a task runs, who asked for it: the signal of its failure does not say."""
    _requests[request.id] = request


@task_failure.connect
def send_again(sender: Any, task_id: str, exception: BaseException, args: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Ask at once for the analysis that a dead child left; its attempt is counted, so `guard` ends a series."""
    if isinstance(exception, WorkerLostError) and sender.name == ANALYSE_TASK:
        _died.add(task_id)
        headers = {}
        if (request := _requests.get(task_id)) and (request_id := request.request_dict.get("request_id")):
            headers["request_id"] = request_id
        sender.app.send_task(ANALYSE_TASK, args=args[:1], kwargs={"replaces_task": task_id}, headers=headers)


@celeryd_init.connect
def release_claims_at_exit(**_signal: Any) -> None:  # noqa: ANN401
    """Celery has no signal for the end of a soft shutdown, so the parent's own end is used; kill -9 skips it."""
    atexit.register(_release_claims, os.getpid())


def _release_claims(parent: int) -> None:
    """Undo the claims of children that were stopped in mid-analysis: being stopped is no fault of the track."""
    if os.getpid() != parent:
        return
    catalogue = Catalogue.open(load_settings().catalogue_url, RELEASE_SECONDS)
    try:
        if count := catalogue.analyses.release_worker(WORKER, _died):
            log.info("claims_released", count=count)
    except SegueError as error:
        log.warning("claims_not_released", reason=error.detail)
    finally:
        catalogue.close()


@worker_ready.connect
def begin(sender: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Once a worker consumes, have it look for what is unfinished instead of waiting for the first beat."""
    sender.app.send_task(ADOPT_MODEL_TASK, queue=ROUTES[RESEND_TASK]["queue"])


@beat_embedded_init.connect
def end_with_worker(**_signal: Any) -> None:  # noqa: ANN401
    """Let an embedded beat die with its worker; Celery sees to this for the children only."""
    set_pdeathsig("SIGKILL")
