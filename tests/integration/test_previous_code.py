"""Deploys without downtime: the code before this series of migrations runs on the new schema.

Its own tests of the catalogue run with the migrations of today. When a release is out, `PREVIOUS` becomes its commit.
The migrations after that may remove what it does not need.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.catalog.database import MIGRATIONS
from tests.fakes.serving import ROOT

PREVIOUS = "6a4039a58c"
"""The last commit before migration 0026."""

TESTS = ("test_catalogue.py", "test_access_stores.py")

NOT_TODAY = "declared_tables or postgres"
"""Its test that the schema is exactly the one it declares; and databases of their own."""


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The files of that commit, with the migrations of today."""
    archive = subprocess.run(
        ["git", "archive", PREVIOUS, "services", "models", "workers", "tests", "clients/python", "pyproject.toml"],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    if archive.returncode != 0:
        pytest.skip(f"This checkout has no history, and the test needs the files of commit {PREVIOUS}.")
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=archive.stdout, check=True)
    versions = tmp_path / MIGRATIONS.relative_to(ROOT) / "versions"
    shutil.rmtree(versions)
    shutil.copytree(MIGRATIONS / "versions", versions)
    return tmp_path


def test_the_previous_code_runs_on_the_new_schema(previous):
    """What it writes and reads is still there, and what it does not know may be null."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-k", f"not ({NOT_TODAY})"]
    path = os.pathsep.join([str(previous), str(previous / "clients" / "python")])
    run = subprocess.run(
        [*command, *(f"tests/contract/{name}" for name in TESTS)],
        cwd=previous,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
