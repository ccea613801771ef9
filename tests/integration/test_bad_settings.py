"""An invalid setting stops each kind of process with one line that names the variable and contains no value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.local.supervisor import api_command
from services.settings import Settings

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-value"  # noqa: S105  looked for in what processes print
PYTHON = [sys.executable, "-P", "-m"]

COMMANDS = {
    "segue status": [*PYTHON, "services.cli.main", "status"],
    "segue keys": [*PYTHON, "services.cli.main", "keys", "list"],
    "segue up": [*PYTHON, "services.cli.main", "up"],
    "segue worker": [*PYTHON, "services.cli.main", "worker"],
    "gunicorn of the image": [
        *(*PYTHON, "gunicorn", "--config", str(ROOT / "deploy/gunicorn_conf.py")),
        "services.api.app:create_app()",
    ],
    "celery worker": [*PYTHON, "celery", "--app=workers.app", "worker"],
    "celery beat": [*PYTHON, "celery", "--app=workers.app", "beat"],
    "health check of the API": [sys.executable, str(ROOT / "deploy/api_health.py")],
    "health check of workers": [sys.executable, str(ROOT / "deploy/worker_health.py")],
}


PROBLEM = "segue: SEGUE_DATABASE_URL: it is not a URL such as postgresql+psycopg://user:password@host/database."


def run(command, data_dir):
    secrets = {
        "SEGUE_DATABASE_URL": f"mysql://segue:{SECRET}@127.0.0.1/segue",
        "SEGUE_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:9/0",
        "SEGUE_API_KEY": SECRET,
    }
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SEGUE_DATA_DIR": str(data_dir)} | secrets,
        cwd=data_dir,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("process", COMMANDS)
def test_an_invalid_setting_is_reported_in_one_line(process, tmp_path):
    """The output is one line without the value of a secret."""
    done = run(COMMANDS[process], tmp_path)

    assert done.returncode == 1
    assert done.stderr == PROBLEM + "\n"
    assert SECRET not in done.stdout + done.stderr


def test_an_invalid_setting_is_one_line_of_gunicorns_log(tmp_path):
    """Without the image's configuration file, gunicorn logs the line and stops, without a traceback or a secret."""
    done = run(api_command(Settings(port=1)), tmp_path)
    log = done.stdout + done.stderr

    assert done.returncode != 0
    assert sum(line.startswith("segue: SEGUE_DATABASE_URL") for line in log.splitlines()) == 1
    assert "Traceback" not in log
    assert SECRET not in log
