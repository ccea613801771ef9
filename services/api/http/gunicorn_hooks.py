"""Hooks of gunicorn's parent process, for `segue up` and for the image: `--config=python:` names this module."""

import os

from gunicorn.workers.base import Worker

from services.settings import METRICS_DIR_VARIABLE


def child_exit(server: object, worker: Worker) -> None:
    """Forget the requests in flight of an API process that ended."""
    del server
    if METRICS_DIR_VARIABLE in os.environ:
        # Imported here, because it reads the variable once, and the image's configuration sets it.
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
