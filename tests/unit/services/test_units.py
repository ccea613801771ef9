"""Files of service managers, checked by systemd itself and by a parser of property lists."""

import os
import plistlib
import shutil
import stat
import subprocess
import sys

import pytest

from services.local.units import Manager, Service, start_commands, stop_commands, unit_content, unit_path

ODD = 'a "b" 100% $HOME \\ c'


@pytest.fixture
def odd(tmp_path):
    return Service([sys.executable, "-m", "segue", "up", f"/music/{ODD}"], {"SEGUE_DATA_DIR": ODD}, tmp_path / "log")


def segue(home, *arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", "service", *arguments],
        env={"PATH": "/nonexistent", "HOME": str(home), "SEGUE_DATA_DIR": f"{home}/data", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(odd, tmp_path):
    """`systemd-analyze verify` finds nothing wrong, also with odd names."""
    file = tmp_path / "segue.service"
    file.write_bytes(unit_content(Manager.SYSTEMD, odd))
    verified = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},  # a test may run outside a session
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (verified.returncode, verified.stderr) == (0, "")


def test_words_of_a_unit_are_quoted(odd):
    """Quotation marks, backslashes and percent signs are escaped everywhere; a dollar sign in commands only."""
    lines = unit_content(Manager.SYSTEMD, odd).decode().splitlines()

    assert next(line for line in lines if line.startswith("ExecStart=")).endswith(r'"/music/a \"b\" 100%% $$HOME \\ c"')
    assert r'Environment="SEGUE_DATA_DIR=a \"b\" 100%% $HOME \\ c"' in lines


def test_the_property_list_has_all_arguments(odd):
    """launchd takes them as they are."""
    found = plistlib.loads(unit_content(Manager.LAUNCHD, odd))

    assert found["ProgramArguments"] == list(odd.command)
    assert found["EnvironmentVariables"] == dict(odd.variables)
    assert found["KeepAlive"] == {"SuccessfulExit": False}


def test_commands_name_the_installed_file(tmp_path):
    """Each manager is told about the same service when it starts and when it stops."""
    for manager in Manager:
        path = unit_path(manager, tmp_path)
        started, stopped = start_commands(manager, path, 501), stop_commands(manager, path, 501)

        assert path.stem in " ".join(started[-1])
        assert path.stem in " ".join(stopped[-1])


def test_install_prints_and_writes_the_file(tmp_path):
    """`--print` changes nothing. Without a service manager the file is written, and the message has its commands."""
    shown = segue(tmp_path, "install", str(tmp_path), "--host", "::1", "--port", "9000", "--print")
    file = unit_path(Manager.SYSTEMD, tmp_path)
    assert not file.exists()
    installed = segue(tmp_path, "install", str(tmp_path), "--manager", "systemd", SEGUE_API_KEY="secret")

    assert f"up --host=::1 --port=9000 {tmp_path}" in shown.stdout
    assert installed.returncode == 1
    assert "systemctl --user daemon-reload" in installed.stderr
    assert "Environment=SEGUE_API_KEY=secret" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    segue(tmp_path, "uninstall", "--manager", "systemd")
    assert not file.exists()
    assert "No service is installed" in segue(tmp_path, "uninstall", "--manager", "systemd").stderr


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    """Before anything is written."""
    refused = segue(tmp_path, "install", "/nonexistent/music")

    assert (refused.returncode, "does not exist" in refused.stderr) == (1, True)
