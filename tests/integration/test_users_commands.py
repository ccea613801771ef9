"""`segue users` on a catalogue."""

import json
import os
import subprocess
import sys

import pytest

from services.catalog import Catalogue
from services.settings import Settings
from tests.fakes.serving import ROOT


@pytest.fixture
def segue(tmp_path):
    def run(*arguments, given="", code=0):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
        command = [sys.executable, "-m", "services.cli.main", "users", *map(str, arguments)]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return run


@pytest.fixture
def password_of(tmp_path):
    def read(listener):
        catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
        try:
            return catalogue.accounts.password(listener)
        finally:
            catalogue.close()

    return read


def test_an_account_is_added_changed_and_removed(segue, password_of):
    """A generated password is printed once, on standard output alone."""
    first = segue("add", "ada").stdout.strip()
    assert password_of("ada") == first
    second = json.loads(segue("password", "ada", "--json").stdout)
    assert second == {"name": "ada", "password": password_of("ada")}
    assert second["password"] != first

    listed = segue("list").stdout
    assert "ada" in listed
    assert second["password"] not in listed + segue("list", "--json").stdout
    assert json.loads(segue("remove", "ada", "--json").stdout) == {"removed": "ada"}
    assert password_of("ada") is None


def test_a_password_comes_from_a_file_or_standard_input(segue, password_of, tmp_path):
    """A chosen password is not printed. A password that is too short, or two sources, are refused."""
    file = tmp_path / "password"
    file.write_text("from a file\nnot this line\n")
    added = segue("add", "bob", "--password-file", file)
    assert (password_of("bob"), added.stdout) == ("from a file", "")
    segue("password", "bob", "--password-file", "-", given="from standard input\n")

    assert password_of("bob") == "from standard input"
    assert "8 to 200 characters" in segue("password", "bob", "--password-file", "-", given="short\n", code=1).stderr
    assert "either --prompt or" in segue("password", "bob", "--prompt", "--password-file", file, code=1).stderr
    assert "cannot be read" in segue("password", "bob", "--password-file", tmp_path / "none", code=1).stderr


def test_errors_name_the_listener(segue):
    """Accounts that exist already, and those that do not, are errors of one line."""
    segue("add", "eve")

    assert "'eve' has an account" in segue("add", "eve", code=1).stderr
    assert "'joe' has no account" in segue("password", "joe", code=1).stderr
    assert "'joe' has no account" in segue("remove", "joe", code=1).stderr
