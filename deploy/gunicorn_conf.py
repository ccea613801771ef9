"""gunicorn configuration for the API container."""  # noqa: INP001  a file for the image, not a package

import os
import shutil
import sys
import tempfile

from services.api.http.gunicorn_hooks import child_exit  # noqa: F401  gunicorn calls it
from services.api.request_limits import KEEP_ALIVE_SECONDS, REQUEST_LINE_MAX
from services.api.security.exposure import refuse_exposure_at_start
from services.domain.errors import SegueError
from services.settings import METRICS_DIR_VARIABLE, load_settings_or_exit

_settings = load_settings_or_exit()

# API processes share their metrics through files here, so that one scrape sees all of them. prometheus_client reads the
# variable when it is first imported, which happens in the processes that gunicorn starts.
METRICS_DIR = os.environ[METRICS_DIR_VARIABLE] = tempfile.mkdtemp(prefix="segue-metrics-")

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

bind = f"{_host}:{_settings.port}"
workers = _settings.api_processes
worker_class = "services.api.http.gunicorn_worker.ProblemWorker"
threads = _settings.api_threads
# Seconds that running requests, such as slow uploads, have to finish. `stop_grace_period` in compose.yaml is longer.
graceful_timeout = 20
# Workers update a heartbeat file every second. In memory, a busy disk cannot delay it and make a worker look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108  gunicorn creates a private file in it
# gunicorn would create its control socket in the home directory, and the container's user has none.
control_socket_disable = True
keepalive = KEEP_ALIVE_SECONDS
limit_request_line = REQUEST_LINE_MAX
loglevel = _settings.log_level.lower()


def on_starting(server: object) -> None:
    """Exit with one line if keys are needed and there is none."""
    del server
    try:
        refuse_exposure_at_start(_settings)
    except SegueError as error:
        sys.exit(f"segue: {error.detail}")


def on_exit(server: object) -> None:
    """Remove the metrics of this run."""
    del server
    shutil.rmtree(METRICS_DIR, ignore_errors=True)
