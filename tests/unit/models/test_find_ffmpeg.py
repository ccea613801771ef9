"""ffmpeg is found on the PATH, with its version; old ones and other programs are not taken for it."""

import pytest

from models.ffmpeg import Ffmpeg, find_ffmpeg, install_command, is_recent


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    """An empty folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    find_ffmpeg.cache_clear()
    yield tmp_path
    find_ffmpeg.cache_clear()


def write_program(path, name, output=""):
    program = path / name
    program.write_text(f"#!/bin/sh\necho '{output}'\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("version", ["5.1.9-0+deb12u1", "4.4.2", "n7.1", "8.0", "N-117599-g38a1f5a"])
def test_its_version_is_read(path, version):
    """Versions of distributions, releases and development builds."""
    program = write_program(path, "ffmpeg", f"ffmpeg version {version} Copyright (c) 2000-2026")

    assert find_ffmpeg() == Ffmpeg(program, version)


@pytest.mark.parametrize("output", ["ffmpeg version 4.3.6-0+deb11u1 Copyright", "avconv version 11", ""])
def test_others_are_not_used(path, output):
    """A version below 4.4 lacks options, and another program is no ffmpeg."""
    write_program(path, "ffmpeg", output)

    assert find_ffmpeg() is None


def test_without_one_there_is_a_command_that_installs_it(path):
    """The command is that of the package manager of this machine."""
    assert find_ffmpeg() is None
    assert install_command() == "install the package ffmpeg of your system"

    write_program(path, "apk")
    assert install_command() == "sudo apk add ffmpeg"


def test_versions_are_compared_as_numbers():
    """10.0 is newer than 4.4."""
    assert [is_recent(version) for version in ("4.3", "4.4", "4.10", "10.0", "git-2026")] == [
        False,
        True,
        True,
        True,
        True,
    ]
