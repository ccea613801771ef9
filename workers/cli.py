"""`segue worker`. It is an entry point of the group `segue.commands`, because `services` must not import `workers`."""

import os
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from services.domain.errors import NotConfigured
from services.local.child_process import CODE_DIR
from services.settings import Settings, load_settings

ENVIRONMENT = {
    # On SIGTERM Celery does a soft shutdown: running tasks may finish, the others return to the broker. Celery reads
    # this variable while it is imported, so it runs in a new process.
    "REMAP_SIGTERM": "SIGQUIT",
    # One thread per child, because there is one child per processor.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def worker(
    *,
    beat: Annotated[
        bool, typer.Option("--beat", help="Also run the scheduler. One worker needs it; in others it waits.")
    ] = False,
    queues: Annotated[
        str | None, typer.Option(help="Queues to serve, separated by commas. Default: all but `questions`.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Number of processes. Default: SEGUE_WORKER_PROCESSES.")
    ] = None,
) -> None:
    """Run a worker, which scans folders and analyses tracks. With `--queues=questions` it answers questions instead.

    Questions about clips and pictures need a worker of their own, because an analysis would delay them.
    """
    settings = load_settings()
    if settings.redis_url is None:
        raise NotConfigured(
            "SEGUE_REDIS_URL is not set, and a worker needs a broker. On one machine `segue up` starts both."
        )
    processes = processes or settings.analysis_processes
    command = celery_command(settings, beat=beat, queues=known_queues(queues), processes=processes)
    sys.stdout.flush()
    os.chdir(CODE_DIR)
    os.execve(command[0], command, os.environ | ENVIRONMENT | {"SEGUE_DATA_DIR": str(settings.data_path)})  # noqa: S606  a shell is not needed


def celery_command(settings: Settings, *, beat: bool, queues: list[str], processes: int) -> list[str]:
    """Return the command line of the Celery worker."""
    return [
        sys.executable,
        "-P",  # the current folder must not shadow Segue's packages
        "-m",
        "celery",
        "--app=workers.app",
        "worker",
        f"--loglevel={settings.log_level}",
        f"--queues={','.join(queues)}",
        f"--concurrency={processes}",
        # Two workers on one machine, for questions and for the rest, need different names.
        f"--hostname={node_prefix(queues)}@%h",
        # Workers need no information about each other.
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        *(["--beat"] if beat else []),
    ]


def node_prefix(queues: Iterable[str]) -> str:
    """Return the part of a worker's node name before the host name."""
    from services.tasks.queue import QUESTION_TASK, ROUTES  # noqa: PLC0415  importing Celery would slow down `--help`

    questions = ROUTES[QUESTION_TASK]["queue"]
    return questions if set(queues) == {questions} else "segue"


def known_queues(names: str | None) -> list[str]:
    """Return the queues of an option; without one, all but that of questions.

    Raises:
        typer.BadParameter: a queue does not exist.
    """
    from services.tasks.queue import QUESTION_TASK, ROUTES  # noqa: PLC0415

    known = list(dict.fromkeys(route["queue"] for route in ROUTES.values()))
    others = [queue for queue in known if queue != ROUTES[QUESTION_TASK]["queue"]]
    wanted = others if names is None else names.split(",")
    if unknown := set(wanted) - set(known):
        raise typer.BadParameter(f"Unknown queue: {', '.join(sorted(unknown))}. Known queues: {', '.join(known)}.")
    return wanted
