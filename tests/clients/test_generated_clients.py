"""Clients generated from the OpenAPI document have typed fields."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "clients" / "python"
SCRIPTS = Path(sys.executable).parent
TOOLS = HERE / "node_modules" / ".bin"
TYPESCRIPT_OPTIONS = ("--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--skipLibCheck")


def run(*command, cwd, **environment):
    """Run a program, and fail with what it printed if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate_client", CLIENT / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_models_are_those_of_the_api(generate, document_file, tmp_path):
    """The committed models are generated from today's OpenAPI document."""
    generate.write_models(json.loads(document_file.read_text()), tmp_path / "models.py")

    assert (tmp_path / "models.py").read_text() == (CLIENT / "segue_client" / "models.py").read_text(), (
        "run python clients/python/generate.py"
    )


def test_the_synchronous_client_is_that_of_the_asynchronous_one(generate, tmp_path):
    """The committed modules are generated from today's `_async`."""
    generate.write_sync(CLIENT / "segue_client" / "_async", tmp_path)
    committed = CLIENT / "segue_client" / "_sync"

    assert {file.name: file.read_text() for file in tmp_path.glob("*.py")} == {
        file.name: file.read_text() for file in committed.glob("*.py")
    }, "run python clients/python/generate.py"


def test_a_generated_python_client_is_typed(document_file, tmp_path):
    """`mypy --strict` accepts a program that reads fields of a recommendation."""
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"  # the generator formats its output with ruff
    generate = (sys.executable, "-m", "openapi_python_client", "generate", "--path", document_file, "--meta", "none")
    run(*generate, "--output-path", tmp_path / "segue_client", cwd=tmp_path, PATH=path)
    shutil.copy(HERE / "program.py", tmp_path)
    # Not the generator's own code, which is not strictly typed.
    options = ("--strict", "--follow-imports=silent", "--config-file=")
    run(sys.executable, "-m", "mypy", *options, "program.py", cwd=tmp_path)


def test_a_generated_typescript_client_is_typed(document_file, tmp_path):
    """`tsc` accepts a program that reads fields of a recommendation."""
    if shutil.which("node") is None:
        missing("Node.js")
    if not TOOLS.is_dir():
        missing("openapi-typescript (`npm ci --prefix tests/clients`)")
    options = ("--default-non-nullable=false",)  # a field with a default may be left out
    run(TOOLS / "openapi-typescript", document_file, *options, "--output", tmp_path / "segue.ts", cwd=tmp_path)
    shutil.copy(HERE / "program.ts", tmp_path)
    run(TOOLS / "tsc", *TYPESCRIPT_OPTIONS, "--moduleResolution", "bundler", "program.ts", cwd=tmp_path)
