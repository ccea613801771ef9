"""Notebooks run against a real service."""

import ast
import os
import signal
import subprocess
import sys
import time

import httpx
import jupytext
import pytest

from notebooks.run import BIN, NOTEBOOKS, executed
from tests.fakes.serving import free_port

pytestmark = pytest.mark.timeout(600)

LINES_MAX = 20
BYTES_MAX = 1_000_000
START_SECONDS = 120

FIRST, *OTHERS = NOTEBOOKS


def outputs(notebook):
    """The outputs that cells show, in their order."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [output for cell in cells for output in cell.outputs if "data" in output]


@pytest.fixture(scope="module")
def listeners(running):
    """Simulated listeners, as `make lab` adds them; the first notebook needs none."""
    folder = running.client.request("GET", "/v1/status").json()["data_dir"]
    subprocess.run([BIN / "segue", "demo-listeners"], check=True, env=os.environ | {"SEGUE_DATA_DIR": folder})


@pytest.mark.parametrize(
    "source", [FIRST, *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)], ids=lambda path: path.stem
)
def test_a_notebook_runs_and_shows_figures_tables_and_players(running, source, monkeypatch, request):
    """No cell raises, and each figure has a text that says what it shows."""
    if source != FIRST:
        request.getfixturevalue("listeners")
    monkeypatch.setenv("SEGUE_URL", running.client.url)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.getcwd(), "clients/python"]))  # noqa: PTH109
    shown = outputs(executed(source))
    figures = [output for output in shown if "image/png" in output.data]
    tables = [output.data["text/html"] for output in shown if "text/html" in output.data]

    assert len(figures) >= 2
    assert all(len(output.metadata["image/png"]["alt"]) > 40 for output in figures)
    assert len(tables) >= 2
    assert any("<audio " in table for table in tables)


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_notebook_is_its_source_with_outputs(source):
    """`make notebooks` was run after the last change, and left no sound in the file."""
    file = source.with_suffix(".ipynb")
    paired = jupytext.read(file)
    cells = [(cell.cell_type, cell.source) for cell in paired.cells]

    assert cells == [(cell.cell_type, cell.source) for cell in jupytext.read(source).cells]
    assert [output for output in outputs(paired) if "image/png" in output.data]
    assert "<audio " not in file.read_text(encoding="utf-8")
    assert file.stat().st_size < BYTES_MAX


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_use_the_client_only(source):
    """What is longer is a tested function of `segue_client.lab`."""
    cells = [cell.source for cell in jupytext.read(source).cells if cell.cell_type == "code"]

    assert max(len(cell.splitlines()) for cell in cells) <= LINES_MAX
    imports = [node for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.ImportFrom)]
    assert not {"models", "services", "workers"} & {(node.module or "").split(".")[0] for node in imports}


@pytest.mark.slow
def test_jupyterlab_opens_on_the_notebooks(running):
    """`make lab` serves each notebook paired with its source, for the service that it was told."""
    url = f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {"SEGUE_URL": running.client.url, "JUPYTER_TOKEN": "token"}
    options = ["--no-browser", "--allow-root", f"--port={httpx.URL(url).port}", "--ServerApp.port_retries=0"]
    process = subprocess.Popen(
        [sys.executable, "notebooks/run.py", "lab", *options],
        env=environment,
        process_group=0,
        stderr=subprocess.DEVNULL,
    )
    try:
        listed = _contents(url)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(START_SECONDS)

    assert {file.name for source in NOTEBOOKS for file in (source, source.with_suffix(".ipynb"))} <= listed


def _contents(url: str) -> set[str]:
    """The names of the files that JupyterLab shows, once it runs."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            answer = httpx.get(f"{url}/api/contents", params={"token": "token"}, trust_env=False)
            return {each["name"] for each in answer.raise_for_status().json()["content"]}
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
