"""Open the notebooks in JupyterLab (`python notebooks/run.py lab`), or execute them (`… execute`).

Both use the service at `SEGUE_URL`, or the one that runs on this machine, and otherwise start Segue on the demo
library with simulated listeners, with a data directory of its own.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import jupytext
import nbformat
from nbclient import NotebookClient
from segue_client import Segue, SegueError
from segue_client.lab.library import connect

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.py"))
IMAGES = FOLDER.parent / "docs" / "images"
DATA = Path.home() / ".cache" / "segue" / "lab"
BIN = Path(sys.executable).parent
CELL_SECONDS = 300
QUIET = ("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
"""JupyterLab asks nothing on the Internet."""
STOP_SECONDS = 60
MAP_SECONDS = 60

PLAYER = re.compile(r"<audio [^>]*></audio>")
WIDGET = "application/vnd.jupyter.widget-view+json"
FIGURE = "figure-"
"""Prefix of the tag of a cell whose figure the documentation shows."""


@contextmanager
def service() -> Iterator[str]:
    """Yield the URL of the service that runs, or of one that is started on the demo library and stopped at the end."""
    with connect() as client:
        if "SEGUE_URL" in os.environ or _is_ready(client):
            yield client.url
            return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    music = subprocess.run(
        [BIN / "segue", "demo-library"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    environment = os.environ | {"SEGUE_DATA_DIR": str(DATA), "SEGUE_PORT": str(port)}
    # A group of its own: Ctrl-C in the terminal is JupyterLab's.
    process = subprocess.Popen(
        [BIN / "segue", "up", music],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if "Ctrl-C" in line:
                break
        Thread(target=deque, args=(process.stdout, 0), daemon=True).start()  # a full pipe would stop the service
        url = f"http://127.0.0.1:{port}"
        _wait_for_map(url)
        subprocess.run([BIN / "segue", "demo-listeners"], check=True, env=environment, stdout=subprocess.DEVNULL)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


def _wait_for_map(url: str) -> None:
    """Wait until new tracks are on the map, which a worker fits after the analysis."""
    with Segue(url) as client:
        deadline = time.monotonic() + MAP_SECONDS
        while not client.request("GET", "/v1/map").json()["count"] and time.monotonic() < deadline:
            time.sleep(1)


def _is_ready(client: Segue) -> bool:
    try:
        return client.ready().ready
    except SegueError:
        return False


def executed(source: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a run on the service at `SEGUE_URL`."""
    notebook = jupytext.read(source)
    resources = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        resources=resources,
        store_widget_state=False,
        record_timing=False,
    )
    client.execute()
    return notebook


def write(source: Path) -> None:
    """Execute a notebook and write it, without sound, and the figures that the documentation shows."""
    notebook = executed(source)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # random ids would change with each run
        for output in cell.get("outputs", []):
            _simplify(output.get("data", {}))
        for tag in cell.metadata.get("tags", []):
            if tag.startswith(FIGURE):
                [picture] = [each.data["image/png"] for each in cell.outputs if "image/png" in each.get("data", {})]
                name = f"notebook-{tag.removeprefix(FIGURE)}.png"
                (IMAGES / name).write_bytes(b64decode(picture))
    jupytext.write(notebook, source.with_suffix(".ipynb"))


def _simplify(data: dict[str, str]) -> None:
    """Remove what plays or moves from an output: it needs a kernel, or makes the file large."""
    if data.pop(WIDGET, None):
        data["text/plain"] = "Run this cell for the map that you can pan, zoom and listen to."
    if "text/html" in data:
        data["text/html"] = PLAYER.sub("a player when the cell runs", data["text/html"])


def main(command: str, *options: str) -> None:
    """Run a command; `options` are JupyterLab's."""
    with service() as url:
        os.environ["SEGUE_URL"] = url
        if command == "execute":
            for source in NOTEBOOKS:
                print(f"{source.name} …", flush=True)
                write(source)
        else:
            _open_jupyterlab(*options)


def _open_jupyterlab(*options: str) -> None:
    """Run JupyterLab until it ends; it asks itself what Ctrl-C means."""
    process = subprocess.Popen([BIN / "jupyter", "lab", f"--notebook-dir={FOLDER}", *QUIET, *options])
    while process.returncode is None:
        with suppress(KeyboardInterrupt):
            process.wait()


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["lab"]))
