"""The TypeScript client: its types, its style, its package, and its calls to a real service."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import missing
from tests.fakes.serving import ROOT

PROJECT = ROOT / "clients" / "typescript"
TIMEOUT_SECONDS = 300


def npm(*arguments, **environment):
    """Run npm in the project, and fail with what it printed if it fails."""
    done = subprocess.run(
        ("npm", "--silent", *arguments),
        cwd=PROJECT,
        env={**os.environ, "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built():
    if shutil.which("npm") is None:
        missing("npm")
    if not (PROJECT / "node_modules").is_dir():
        missing("The TypeScript client's packages (`npm ci --prefix clients/typescript`)")
    npm("run", "build")


def test_the_client_works_with_a_real_service(built, url):
    """Its own tests, which type-check too, pass; and the sources follow the page's rules."""
    npm("run", "check")

    assert "# fail 0" in npm("test", SEGUE_URL=url)


def test_the_package_has_code_and_types(built, tmp_path):
    """Another project can import the built package, and gets no sources and no tests."""
    packed = npm("pack", "--pack-destination", str(tmp_path)).strip()
    shutil.unpack_archive(tmp_path / packed, tmp_path, "gztar")
    found = {
        str(file.relative_to(tmp_path / "package")) for file in (tmp_path / "package").rglob("*") if file.is_file()
    }

    assert {"dist/index.js", "dist/index.d.ts", "dist/schema.d.ts", "package.json", "README.md", "LICENSE"} <= found
    assert {name for name in found if name.startswith(("src", "test"))} == set()
