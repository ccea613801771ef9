"""`segue up` as a service of a user: a unit of systemd, or a property list of launchd."""

import plistlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SYSTEMD_NAME = "segue.service"
LAUNCHD_LABEL = "segue.up"
# `segue up` stops within 10 s.
STOP_SECONDS = 20
RESTART_SECONDS = 5


class Manager(StrEnum):
    """A service manager."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"


@dataclass(frozen=True, slots=True)
class Service:
    """A program that a service manager runs: its command line, its variables, and where its output goes."""

    command: Sequence[str]
    variables: Mapping[str, str]
    log: Path


def unit_path(manager: Manager, home: Path) -> Path:
    """Return where the file of the service belongs."""
    if manager == Manager.LAUNCHD:
        return home / "Library" / "LaunchAgents" / f"{LAUNCHD_LABEL}.plist"
    return home / ".config" / "systemd" / "user" / SYSTEMD_NAME


def unit_content(manager: Manager, service: Service) -> bytes:
    """Return the file of the service."""
    return _property_list(service) if manager == Manager.LAUNCHD else _unit(service).encode()


def start_commands(manager: Manager, path: Path, user_id: int) -> list[list[str]]:
    """Return the commands that make a service manager read the file, and start the service, now and at every login."""
    if manager == Manager.LAUNCHD:
        return [["launchctl", "bootstrap", f"gui/{user_id}", str(path)]]
    # `restart` also starts a service that does not run.
    return [
        ["systemctl", "--user", *words] for words in (["daemon-reload"], ["enable", path.name], ["restart", path.name])
    ]


def stop_commands(manager: Manager, path: Path, user_id: int) -> list[list[str]]:
    """Return the commands that stop the service, now and at every login."""
    if manager == Manager.LAUNCHD:
        return [["launchctl", "bootout", f"gui/{user_id}/{LAUNCHD_LABEL}"]]
    return [["systemctl", "--user", "disable", "--now", path.name]]


def _unit(service: Service) -> str:
    command = " ".join(_quoted(part.replace("$", "$$")) for part in service.command)
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in service.variables.items())
    return (
        "[Unit]\n"
        "Description=Segue, self-hosted music recommendation\n"
        "After=network.target\n"
        "\n"
        "[Service]\n"
        f"ExecStart={command}\n"
        f"{variables}"
        "Restart=on-failure\n"
        f"RestartSec={RESTART_SECONDS}\n"
        f"TimeoutStopSec={STOP_SECONDS}\n"
        "KillMode=mixed\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def _quoted(text: str) -> str:
    """Return a word of a unit file, as systemd.syntax(7) and systemd.unit(5) describe it."""
    if re.fullmatch(r"[\w./:=,+-]+", text):
        return text
    escaped = re.sub(r'["\\]', r"\\\g<0>", text).replace("%", "%%").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _property_list(service: Service) -> bytes:
    return plistlib.dumps(
        {
            "Label": LAUNCHD_LABEL,
            "ProgramArguments": list(service.command),
            "EnvironmentVariables": dict(service.variables),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": RESTART_SECONDS,
            "ExitTimeOut": STOP_SECONDS,
            "StandardOutPath": str(service.log),
            "StandardErrorPath": str(service.log),
        },
        sort_keys=False,
    )
