"""What a worker's processes set up: nothing of torch in the parent, one encoder in each child."""

import os
import signal
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
from celery.platforms import set_pdeathsig
from celery.signals import beat_embedded_init, celeryd_init, worker_process_init, worker_process_shutdown, worker_ready

from services.catalog import Catalogue
from services.composition import open_server_index
from services.queue import RECONCILE_TASK, ROUTES, TaskQueue, open_queue
from services.settings import Settings

if TYPE_CHECKING:
    from services.index.qdrant_server import ServerIndex

# Sent by each worker when it starts. It runs in a child because naming the version imports torch.
ADOPT_MODEL_TASK = "segue.adopt_model"

log = structlog.get_logger()


@dataclass
class ChildProcess:
    """What the tasks of one worker child work with, opened after the fork and kept for its life."""

    settings: Settings
    catalogue: Catalogue
    queue: TaskQueue

    @cached_property
    def server_index(self) -> "ServerIndex":
        """The index on the Qdrant server."""
        return open_server_index(self.settings)


_child: ChildProcess | None = None


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
    """Send what Segue logs through Celery's handlers, which name the process and know the level."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


@worker_process_init.connect
def open_child(**_signal: Any) -> None:  # noqa: ANN401  Celery passes what it likes
    """Load the encoder and open the catalogue; a worker that cannot must not go on taking messages."""
    global _child  # noqa: PLW0603  one a process, by design
    try:
        _child = _open(Settings())
    except BaseException:
        # Celery would only log it and serve on. Stopped, it is started again by what watches it, and seen.
        log.critical("worker_child_cannot_start", exc_info=True)
        os.kill(os.getppid(), signal.SIGTERM)
        raise
    log.info("worker_child_ready")


def _open(settings: Settings) -> ChildProcess:
    # A torch operation before the fork leaves threads behind that the child would wait for without end, so the
    # first import of torch happens here.
    import torch  # noqa: PLC0415

    from models.analysis import warm_up  # noqa: PLC0415

    torch.set_num_threads(1)  # the children are the parallelism; more threads would only contend
    warm_up()
    return ChildProcess(settings, Catalogue.open(settings.catalogue_url), open_queue(settings))


@worker_process_shutdown.connect
def close_child(**_signal: Any) -> None:  # noqa: ANN401
    """Give the catalogue's connections back."""
    if _child is not None:
        _child.catalogue.close()


@worker_ready.connect
def begin(sender: Any, **_signal: Any) -> None:  # noqa: ANN401
    """Once a worker consumes, have it look for what is unfinished instead of waiting for the first beat."""
    sender.app.send_task(ADOPT_MODEL_TASK, queue=ROUTES[RECONCILE_TASK]["queue"])


@beat_embedded_init.connect
def end_with_worker(**_signal: Any) -> None:  # noqa: ANN401
    """Let an embedded beat die with its worker; Celery sees to this for the children only."""
    set_pdeathsig("SIGKILL")
