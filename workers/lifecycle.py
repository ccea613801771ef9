"""Setup and shutdown of a worker's processes: signal handlers of the parent, and the context of each child.

The parent never imports torch; each child loads one encoder.
"""

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
    beat_init,
    celeryd_init,
    task_failure,
    task_prerun,
    task_received,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from structlog.types import EventDict

from models.ffmpeg import find_ffmpeg
from services.catalog import Catalogue
from services.composition import open_server_index
from services.domain.errors import SegueError
from services.domain.vector_index import TRACKS, Collection
from services.logs import COMMON, formatter
from services.quotas.meter import Meter
from services.settings import Settings, load_settings
from services.storage.locks import shared_catalogue_lock
from services.tasks.queue import ANALYSE_TASK, QUESTION_TASK, RESEND_TASK, ROUTES, TaskQueue, open_queue
from services.telemetry.tracing import in_logs, start_tracing, stop_tracing
from workers import measuring, questions
from workers.app import app

if TYPE_CHECKING:
    from models.sandbox.decoder import Protections
    from services.catalog.indexing import IndexQueue
    from services.index.qdrant_server import ServerIndex

# Each worker sends it at its start. It runs in a child because the model version is read through torch.
ADOPT_MODEL_TASK = "segue.adopt_model"

# Address space that a child may add after it has loaded the encoder. The decoder runs in a process with its own limit
# and returns at most a minute of mono audio, so only a defect reaches this limit. The track then fails with
# MemoryError and the machine does not run out of memory.
ADDRESS_SPACE_HEADROOM_BYTES = 4 * 2**30

# Identifies this worker in the claims of its children, which inherit the value. A restarted worker has another id.
WORKER_ID = uuid.uuid4().hex
# Timeout of the catalogue at shutdown; claims that cannot be released in this time expire with their lease.
RELEASE_SECONDS = 2.0

log = structlog.get_logger()


@dataclass
class ChildContext:
    """The catalogue and the queue of one child process, opened after the fork."""

    settings: Settings
    catalogue: Catalogue
    queue: TaskQueue
    resources: ExitStack = field(default_factory=ExitStack)
    """Closed at the end of the process: the connections to the catalogue and its lock."""

    servers: "dict[str, ServerIndex]" = field(default_factory=dict)
    """The indexes on the Qdrant server that are open, by name."""

    @cached_property
    def meter(self) -> Meter:
        """What counts the minutes of analysis of the libraries."""
        meter = Meter(self.catalogue.quotas)
        self.resources.callback(meter.close)
        return meter

    @property
    def server_index(self) -> "ServerIndex":
        """The index of tracks on the Qdrant server, in the served space."""
        return self.index_of(TRACKS, self.catalogue.spaces.view().served)

    def index_of(self, collection: Collection, space: str | None) -> "ServerIndex":
        """Return the index of a collection on the Qdrant server in a space."""
        view = self.catalogue.spaces.latest()
        suffix = view.suffix(space)
        name = collection.name + suffix
        if name not in self.servers:
            self.servers[name] = open_server_index(
                self.settings, collection, for_requests=False, suffix=suffix, dimension=view.dimension(space)
            )
        return self.servers[name]

    def indexing(self, collection: Collection) -> "list[tuple[IndexQueue, ServerIndex]]":
        """Return the indexes of a collection on the Qdrant server with their queues: of each space that is full."""
        view = self.catalogue.spaces.latest()
        spaces = [view.served, *(each for each in view.filled if each != view.served)]
        return [(self.catalogue.queue_of(collection, space), self.index_of(collection, space)) for space in spaces]


_child: ChildContext | None = None

_died: set[str] = set()
"""In the parent: ids of tasks whose child died. Their attempts stay counted."""
_requests: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""In the parent: Celery's request objects of the tasks in this worker, by task id."""


def child_context() -> ChildContext:
    """Return the context of this child process.

    Raises:
        RuntimeError: this process is not a child of a worker.
    """
    if _child is None:
        raise RuntimeError("This process is not a child of a worker. Start one with `segue worker`.")
    return _child


@celeryd_init.connect
@beat_init.connect
def log_through_celery(**_signal: Any) -> None:  # noqa: ANN401
    """Send Segue's log events through Celery's handlers, which have the level and the output."""
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
    """Add the name of the process to each event."""
    event["process"] = current_process().name
    return event


@after_setup_logger.connect
@after_setup_task_logger.connect
def log_json(logger: logging.Logger, **_signal: Any) -> None:  # noqa: ANN401
    """Format Celery's own records as JSON too."""
    for handler in logger.handlers:
        handler.setFormatter(formatter())


def consumed_queues() -> set[str]:
    """Return the queues that this worker serves."""
    return set(app.amqp.queues.consume_from)


def answers_only_questions() -> bool:
    """Return whether this worker serves no queue but that of questions, which need no catalogue."""
    return consumed_queues() == {ROUTES[QUESTION_TASK]["queue"]}


@worker_process_init.connect
def open_child(**_signal: Any) -> None:  # noqa: ANN401  Celery's signals have no types
    """Load what the tasks of this worker's queues need: models, the catalogue.

    A failure stops the whole worker. Celery would log the error and keep the child, which would then fail each task.
    """
    try:
        settings = load_settings()
        start_tracing(settings, "segue-worker")
        _prepare_models(settings)
        if not answers_only_questions():
            _open_catalogue(settings)
        if ROUTES[QUESTION_TASK]["queue"] in consumed_queues():
            questions.begin(open_queue(settings), f"{WORKER_ID}.{current_process().index}")
        measuring.begin(open_queue(settings))
    except BaseException:
        log.critical("worker_child_failed_to_start", exc_info=True)
        os.kill(os.getppid(), signal.SIGTERM)
        raise
    log.info("worker_child_ready")


def _open_catalogue(settings: Settings) -> None:
    global _child  # noqa: PLW0603  one a process, by design
    resources = ExitStack()
    resources.enter_context(shared_catalogue_lock(settings))
    catalogue = Catalogue.open(settings.catalogue_url, rules=settings.tag_rules)
    resources.callback(catalogue.close)
    _child = ChildContext(settings, catalogue, open_queue(settings), resources)


def _prepare_models(settings: Settings) -> None:
    if ROUTES[QUESTION_TASK]["queue"] in consumed_queues():
        _report_protections(questions.prepare_models())
        bound_memory(ADDRESS_SPACE_HEADROOM_BYTES)
    elif ROUTES[ANALYSE_TASK]["queue"] in consumed_queues():
        os.nice(settings.analysis_nice)  # before the decoder starts, which inherits it
        # torch starts threads that a fork does not copy, and a forked child would wait for them forever. So torch is
        # first imported here, after the fork.
        from models.analysis import warm_up  # noqa: PLC0415
        from workers.encoders import known  # noqa: PLC0415

        encoders = list(known(settings.next_model).values())
        _report_protections(warm_up(1, encoders))  # one thread: the children already use all processors
        bound_memory(ADDRESS_SPACE_HEADROOM_BYTES)


def _report_protections(protections: "Protections") -> None:
    if protections.missing:
        log.warning("decoder_sandbox", on=protections.on, missing=protections.missing)
    else:
        log.info("decoder_sandbox", on=protections.on)


def bound_memory(headroom: int) -> None:
    """Limit the address space of this process to its present size plus `headroom` bytes. On Linux only.

    The limit is relative because torch maps gigabytes of address space that it never uses.
    """
    if sys.platform != "linux":
        return  # macOS does not enforce the limit
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + headroom
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


@task_prerun.connect
def bind_request(task: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Add the id of the HTTP request that caused a task to its log events and to the tasks it sends."""
    structlog.contextvars.clear_contextvars()
    if request_id := (task.request.headers or {}).get("request_id"):
        structlog.contextvars.bind_contextvars(request_id=request_id)
    structlog.contextvars.bind_contextvars(**in_logs())
    if _child is not None:
        _child.catalogue.spaces.pin()  # one task reads one space, also if another is served meanwhile


@worker_process_shutdown.connect
def close_child(**_signal: Any) -> None:  # noqa: ANN401
    """Close the catalogue and release its lock; take the announcement to clients back."""
    questions.end()
    stop_tracing()
    if _child is not None:
        _child.resources.close()


@task_received.connect
def remember_request(request: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Keep a task's request in the parent while the task runs, because the failure signal does not have it."""
    _requests[request.id] = request


@task_failure.connect
def send_again(sender: Any, task_id: str, exception: BaseException, args: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Send an analysis again at once when its child died; the attempt stays counted, so this ends in quarantine."""
    if isinstance(exception, WorkerLostError) and sender.name == ANALYSE_TASK:
        _died.add(task_id)
        headers = {}
        if (request := _requests.get(task_id)) and (request_id := request.request_dict.get("request_id")):
            headers["request_id"] = request_id
        sender.app.send_task(ANALYSE_TASK, args=args[:1], kwargs={"replaces_task": task_id}, headers=headers)


@celeryd_init.connect
def release_claims_at_exit(**_signal: Any) -> None:  # noqa: ANN401
    """Release the claims of the children when the parent exits; Celery has no signal for the end of a soft shutdown."""
    atexit.register(_release_claims, os.getpid())


def _release_claims(parent: int) -> None:
    """Release the claims of children that were stopped during an analysis, without counting the attempts."""
    if os.getpid() != parent or answers_only_questions():
        return
    catalogue = Catalogue.open(load_settings().catalogue_url, RELEASE_SECONDS)
    try:
        if count := catalogue.analyses.release_worker(WORKER_ID, _died):
            log.info("claims_released", count=count)
    except SegueError as error:
        log.warning("claims_not_released", reason=error.detail)
    finally:
        catalogue.close()


@worker_ready.connect
def resend_at_start(sender: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Look for unfinished work when a worker starts, instead of waiting for the scheduler."""
    if answers_only_questions():
        return
    has_ffmpeg = ROUTES[ANALYSE_TASK]["queue"] in consumed_queues() and find_ffmpeg() is not None
    sender.app.send_task(ADOPT_MODEL_TASK, kwargs={"has_ffmpeg": has_ffmpeg}, queue=ROUTES[RESEND_TASK]["queue"])


@beat_embedded_init.connect
def end_with_worker(**_signal: Any) -> None:  # noqa: ANN401
    """Make the kernel kill an embedded scheduler when its worker dies; Celery does so for the children only."""
    set_pdeathsig("SIGKILL")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the scheduler releases its lease
