"""`segue up` on the demo library."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from segue_client import Segue

from tests.conftest import missing
from tests.fakes.serving import free_port

SEGUE = str(Path(sys.executable).with_name("segue"))
STOP_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A running service, its music folder and its process."""

    client: Segue
    music: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="session")
def demo_music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the music packages that `make up` uses."""
    if shutil.which("apt-get") is None:
        missing("apt-get, which fetches the demo music,")
    command = [SEGUE, "demo-library"]
    kept = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    folder = tmp_path_factory.mktemp("library") / "music"
    shutil.copytree(kept, folder)
    return folder


@pytest.fixture(scope="session")
def running(demo_music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run `segue up FOLDER` until the folder is analysed, and stop it with Ctrl-C at the end."""
    port = free_port()
    environment = os.environ | {
        "SEGUE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "SEGUE_PORT": str(port),
        "COLUMNS": "200",
    }
    process = subprocess.Popen(
        [SEGUE, "up", str(demo_music)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        output = _read_until(process, "Ctrl-C")
        assert "Segue is running at" in output, output
        with Segue(f"http://127.0.0.1:{port}") as client:
            yield Running(client, demo_music, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=STOP_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if words in line:
            break
    return "".join(lines)
