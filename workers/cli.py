"""`segue worker`: mounted into the command line by entry point, so that services need not import workers."""

import os
import sys
from typing import Annotated

import typer

from services.domain.errors import NotConfigured
from services.settings import Settings, load_settings

ENVIRONMENT = {
    # SIGTERM becomes Celery's soft shutdown: what is at work may end, the rest goes back to the broker. Celery
    # reads this while it is imported, which is why it starts in a process of its own.
    "REMAP_SIGTERM": "SIGQUIT",
    # One thread a child: the children are the parallelism.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}


def worker(
    *,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also run the scheduler. One worker of an installation must have it.")
    ] = False,
    queues: Annotated[
        str | None, typer.Option(help="The queues to serve, with commas; all of them if not given.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes; SEGUE_WORKER_PROCESSES if not given.")
    ] = None,
) -> None:
    """Run a worker that analyses tracks and carries out scans."""
    settings = load_settings()
    if settings.redis_url is None:
        raise NotConfigured(
            "SEGUE_REDIS_URL is not set: a worker needs the broker's URL. On one machine `segue up` starts both."
        )
    processes = processes or settings.worker_processes
    command = celery_command(settings, beat=beat, queues=_known_queues(queues), processes=processes)
    sys.stdout.flush()
    os.execve(command[0], command, os.environ | ENVIRONMENT)  # noqa: S606  a shell is not needed


def celery_command(settings: Settings, *, beat: bool, queues: list[str], processes: int) -> list[str]:
    """The command line of the Celery worker."""
    return [
        sys.executable,
        "-P",  # the folder it is started in must not shadow Segue's packages
        "-m",
        "celery",
        "--app=workers.app",
        "worker",
        f"--loglevel={settings.log_level}",
        f"--queues={','.join(queues)}",
        f"--concurrency={processes}",
        "--hostname=segue@%h",
        # Workers need to know nothing of one another.
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        *(["--beat"] if beat else []),
    ]


def _known_queues(names: str | None) -> list[str]:
    from services.tasks.queue import ROUTES  # noqa: PLC0415  Celery would slow `segue --help` down

    known = list(dict.fromkeys(route["queue"] for route in ROUTES.values()))
    wanted = known if names is None else names.split(",")
    if unknown := set(wanted) - set(known):
        raise typer.BadParameter(f"no such queue: {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    return wanted
