"""How gunicorn serves the API in a container."""  # noqa: INP001  a file for the image, not a package

from services.settings import Settings

_settings = Settings()
_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

bind = f"{_host}:{_settings.port}"
workers = _settings.api_processes
worker_class = "gthread"
threads = _settings.api_threads
# Seconds. A request under way may end, an upload over a slow line included; compose.yaml waits longer than this.
graceful_timeout = 20
# Its heartbeat is a file that is touched every second: in memory, where no busy disk can make a worker look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108  gunicorn makes a private file in it
# Its control socket would be a file in a home directory that there is none of.
control_socket_disable = True
loglevel = _settings.log_level.lower()
