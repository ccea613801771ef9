"""Clients generated from the OpenAPI document: our own, and those of other generators."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from segue_client import Segue

from tests.clients import environments
from tests.clients.table import check
from tests.conftest import missing

HERE = Path(__file__).parent
CLIENT = HERE.parents[1] / "clients" / "python"
SCRIPTS = Path(sys.executable).parent
TOOLS = HERE / "node_modules" / ".bin"
TYPESCRIPT_OPTIONS = ("--strict", "--target", "es2022", "--module", "es2022", "--skipLibCheck")


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


def generated_python(document_file, folder):
    """Generate a client, and return the command of a program that `mypy --strict` accepts."""
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"  # the generator formats its output with ruff
    generate = (sys.executable, "-m", "openapi_python_client", "generate", "--path", document_file, "--meta", "none")
    run(*generate, "--output-path", folder / "generated", cwd=folder, PATH=path)
    shutil.copy(HERE / "program.py", folder)
    # Not the generator's own code, which is not strictly typed.
    options = ("--strict", "--follow-imports=silent", "--config-file=")
    run(sys.executable, "-m", "mypy", *options, "program.py", cwd=folder)
    return sys.executable, folder / "program.py"


def generated_typescript(document_file, folder):
    """Generate types, and return the command of a program that `tsc` accepts."""
    if shutil.which("node") is None:
        missing("Node.js")
    if not TOOLS.is_dir():
        missing("openapi-typescript (`npm ci --prefix tests/clients`)")
    options = ("--default-non-nullable=false",)  # a field with a default may be left out
    run(TOOLS / "openapi-typescript", document_file, *options, "--output", folder / "segue.ts", cwd=folder)
    shutil.copy(HERE / "program.ts", folder)
    run(TOOLS / "tsc", *TYPESCRIPT_OPTIONS, "--moduleResolution", "bundler", "program.ts", cwd=folder)
    (folder / "package.json").write_text('{"type": "module"}')
    return "node", folder / "program.js"


def test_generated_clients_are_typed_and_work(document_file, url, tmp_path):
    """Type checkers accept programs that read fields of answers, and each call returns what it should."""
    version = json.loads((HERE / "package.json").read_text())["devDependencies"]["openapi-typescript"]
    with Segue(url) as segue:
        key = segue.create_key("a generated client", ["read", "listen"]).key
    calls = environments.run(*generated_python(document_file, tmp_path), url, key)
    calls += environments.run(*generated_typescript(document_file, tmp_path), url, f"openapi-typescript {version}")

    assert {call.result for call in calls} == {"ok"}
    check("generated", calls)
