"""Notebooks run against a real service."""

import os
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted(Path("notebooks").glob("*.py"))

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_plots(running, source, monkeypatch):
    """No cell raises, and the notebook shows plots and tables."""
    monkeypatch.setenv("SEGUE_URL", running.client.url)
    monkeypatch.setenv("PYTHONPATH", os.getcwd())  # noqa: PTH109  an environment variable is text
    notebook = jupytext.read(source)
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    shown = [
        kind
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type in {"display_data", "execute_result"}
        for kind in output.data
    ]

    assert shown.count("image/png") >= 2
    assert shown.count("text/html") >= 3


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_notebook_matches_its_source_and_has_outputs(source):
    """The committed notebook has the cells of the .py file and their outputs."""
    paired = jupytext.read(source.with_suffix(".ipynb"))
    cells = [(cell.cell_type, cell.source) for cell in paired.cells]

    assert cells == [(cell.cell_type, cell.source) for cell in jupytext.read(source).cells]
    assert any(cell.cell_type == "code" and cell.outputs for cell in paired.cells)
