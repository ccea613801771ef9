"""The scripts of the all-in-one container: who owns the data, who runs Segue, and the first key."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SCRIPTS = Path(__file__).parents[2] / "deploy" / "all-in-one"
OWNER = 54321
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")


@pytest.fixture
def tmp_path():
    """A folder that other users can enter; those of pytest are private."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def container(tmp_path):
    """Run a script with a `segue` that writes its user and its arguments into `calls`, and knows no key at first."""
    (tmp_path / "data").mkdir()
    (tmp_path / "calls").touch()
    (tmp_path / "calls").chmod(0o666)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "program"
    program.write_text(
        f'#!/bin/sh\necho "$(id -u):$(id -g) $*" >> {tmp_path}/calls\n'
        f'case "$1 $2" in "keys list") cat "$SEGUE_DATA_DIR/keys" 2>/dev/null ;;\n'
        f'"keys create") echo \'{{"keys": [{{"id": "k1"}}]}}\' > "$SEGUE_DATA_DIR/keys"; echo segue_secret ;; esac\n'
    )
    program.chmod(0o755)
    wrapper = tmp_path / "bin" / "segue"
    wrapper.write_text((SCRIPTS / "segue.sh").read_text().replace("/opt/segue/bin/segue", str(program)))
    wrapper.chmod(0o755)
    shutil.copy(SCRIPTS / "start.sh", tmp_path / "start.sh")

    def run(name="start.sh", *arguments, **variables):
        environment = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "MUSIC": str(tmp_path / "music"),
            "SEGUE_DATA_DIR": str(tmp_path / "data"),
            "PUID": str(OWNER),
            "PGID": str(OWNER),
        } | variables
        command = [tmp_path / name, *arguments]
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)

    return run


def calls(tmp_path):
    return (tmp_path / "calls").read_text().splitlines()


def me():
    return f"{OWNER}:{OWNER}" if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"


def test_the_first_start_prints_a_key(container, tmp_path):
    """The key is printed once, and the music folder is scanned by a process without root's rights."""
    (tmp_path / "music").mkdir()
    first, second = container(), container()

    assert "\n    segue_secret\n" in first.stdout
    assert "segue_secret" not in second.stdout
    assert calls(tmp_path) == [
        f"{me()} keys list --json",
        f"{me()} keys create first --scope admin",
        f"{me()} up {tmp_path}/music",
        f"{me()} keys list --json",
        f"{me()} up {tmp_path}/music",
    ]


def test_without_music_the_page_still_starts(container, tmp_path):
    """The log says what is missing."""
    started = container()

    assert started.returncode == 0
    assert "mount a folder" in started.stderr
    assert calls(tmp_path)[-1] == f"{me()} up"


@AS_ROOT
def test_the_data_belongs_to_the_chosen_user(container, tmp_path):
    """Files of another owner, such as those of an earlier PUID, are given to the new one."""
    (tmp_path / "data" / "index").mkdir()
    (tmp_path / "data" / "index" / "cells").touch()
    assert container().returncode == 0

    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (tmp_path / "data").rglob("*")}
    assert owners == {(OWNER, OWNER)}


@AS_ROOT
def test_root_is_refused(container, tmp_path):
    """Segue decodes files of strangers, and does not do so as root."""
    refused = container(PUID="0")

    assert refused.returncode == 1
    assert "PUID is 0" in refused.stderr
    assert calls(tmp_path) == []


@AS_ROOT
def test_commands_in_the_container_do_not_run_as_root(container, tmp_path):
    """`docker exec` starts as root; files that root created would stop the service."""
    assert container("bin/segue", "status", "--json").returncode == 0

    assert calls(tmp_path) == [f"{OWNER}:{OWNER} status --json"]


@AS_ROOT
def test_a_chosen_user_of_docker_needs_no_root(container, tmp_path):
    """With `docker run --user` the scripts change no owner and no user."""
    shutil.chown(tmp_path / "data", OWNER, OWNER)
    drop = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", "--", tmp_path / "start.sh"]
    variables = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "MUSIC": "/nowhere",
        "SEGUE_DATA_DIR": str(tmp_path / "data"),
        "PUID": "10001",
        "PGID": "10001",
    }
    done = subprocess.run(drop, env=variables, cwd="/", capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert calls(tmp_path)[-1] == f"{OWNER}:{OWNER} up"
