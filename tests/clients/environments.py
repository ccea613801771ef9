"""Environments of third-party client programs, so that their versions and licences affect nothing else.

`make test` installs a folder `tests/clients/NAME` with a `requirements.txt` into `.venv/clients/NAME`, and one with a
`package.json` in place.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".venv" / "clients"
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Call:
    """A call of a client, and its result: "ok", a short remark, or an error."""

    client: str
    call: str
    result: str


def python(name: str) -> Path:
    """Return the interpreter of an environment."""
    found = INSTALLED / name / "bin" / "python"
    if not found.exists():
        missing(f"The clients' environment {name} (`make .venv/clients/{name}/.installed`)")
    return found


def node(name: str) -> Path:
    """Return the folder of an environment for Node.js."""
    if shutil.which("node") is None:
        missing("Node.js")
    if not (HERE / name / "node_modules").is_dir():
        missing(f"The clients' environment {name} (`npm ci --prefix tests/clients/{name}`)")
    return HERE / name


def run(*command: str | Path, **environment: str) -> list[Call]:
    """Run a client program, and return the calls that it prints as JSON, one on a line.

    Args:
        command: The program and its arguments, with the address and the credentials of the service.
        environment: Variables that it needs in addition to those of this process.
    """
    done = subprocess.run(
        command,
        env={**os.environ, "NO_PROXY": "127.0.0.1,localhost", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [Call(**json.loads(line)) for line in done.stdout.splitlines()]
