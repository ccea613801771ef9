"""`segue backup -` and `segue restore -`, as containers use them: no file with an owner is needed."""

import os
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from tests.fakes.serving import ROOT


@pytest.fixture
def segue(tmp_path):
    def run(data, *arguments, given=b"", code=0):
        done = subprocess.run(
            [sys.executable, "-m", "services.cli.main", *arguments],
            env=os.environ | {"SEGUE_DATA_DIR": str(tmp_path / data), "TMPDIR": str(tmp_path)},
            cwd=ROOT,
            input=given,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr.decode()
        return done

    return run


def test_a_backup_goes_through_a_pipe(segue, tmp_path):
    """Standard output has the archive alone, another installation restores it, and no temporary file is left."""
    segue("old", "keys", "create", "kitchen")
    archive = segue("old", "backup", "-").stdout
    assert "manifest.json" in zipfile.ZipFile(BytesIO(archive)).namelist()

    segue("new", "restore", "-", given=archive)

    assert b"kitchen" in segue("new", "keys", "list").stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_a_broken_stream_changes_nothing(segue):
    """A stream that ended early is refused with one line, and the catalogue stays."""
    segue("old", "keys", "create", "kitchen")
    archive = segue("old", "backup", "-").stdout

    refused = segue("old", "restore", "-", given=archive[: len(archive) // 2], code=1)

    assert refused.stderr.startswith(b"segue: ")
    assert refused.stderr.count(b"\n") == 1
    assert b"kitchen" in segue("old", "keys", "list").stdout


def test_json_and_the_backup_do_not_share_standard_output(segue):
    """`segue backup - --json` is refused."""
    segue("old", "keys", "create", "kitchen")
    refused = segue("old", "backup", "-", "--json", code=1)

    assert refused.stdout == b""
    assert b"--json" in refused.stderr
