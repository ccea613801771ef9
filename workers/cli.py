"""`segue worker`: mounted into the command line by entry point, so that services need not import workers."""

import os
import sys
from typing import Annotated

import typer

from services.domain.errors import NotConfigured
from services.queue import ROUTES
from services.settings import Settings

ALL_QUEUES = ",".join(dict.fromkeys(route["queue"] for route in ROUTES.values()))

ENVIRONMENT = (
    # SIGTERM becomes Celery's soft shutdown: what is at work may end, the rest goes back to the broker. Celery
    # reads this while it is imported, which is why it starts in a process of its own.
    "REMAP_SIGTERM=SIGQUIT",
    # One thread a child: the children are the parallelism.
    "OMP_NUM_THREADS=1",
    "OPENBLAS_NUM_THREADS=1",
    "NUMBA_NUM_THREADS=1",
)


def worker(
    *,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also run the scheduler. One worker of an installation must have it.")
    ] = False,
    queues: Annotated[str, typer.Option(help="The queues to serve, with commas.")] = ALL_QUEUES,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes; SEGUE_WORKER_PROCESSES if not given.")
    ] = None,
) -> None:
    """Run a worker that analyses tracks and carries out scans."""
    settings = Settings()
    if settings.redis_url is None:
        raise NotConfigured(
            "SEGUE_REDIS_URL is not set: a worker needs the broker's URL. On one machine `segue up` starts both."
        )
    if unknown := set(queues.split(",")) - set(ALL_QUEUES.split(",")):
        raise typer.BadParameter(f"no such queue: {', '.join(sorted(unknown))}. There are {ALL_QUEUES}.")
    command = celery_command(settings, beat=beat, queues=queues, processes=processes or settings.worker_processes)
    sys.stdout.flush()
    os.execvp("env", ["env", *ENVIRONMENT, *command])  # noqa: S606, S607  no shell; `env` is where PATH says


def celery_command(settings: Settings, *, beat: bool, queues: str, processes: int) -> list[str]:
    """The command line of the Celery worker."""
    return [
        sys.executable,
        "-P",  # the folder it is started in must not shadow Segue's packages
        "-m",
        "celery",
        "--app=workers.app",
        "worker",
        f"--loglevel={settings.log_level}",
        f"--queues={queues}",
        f"--concurrency={processes}",
        "--hostname=segue@%h",
        # Workers need to know nothing of one another.
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        *(["--beat"] if beat else []),
    ]
