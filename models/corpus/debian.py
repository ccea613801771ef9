"""Debian packages as a source of freely licensed files: downloaded and unpacked, never installed."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class PackageError(RuntimeError):
    """A package cannot be fetched; the message says why."""


def unpack(name: str, into: Path, private: Path) -> None:
    """`apt-get download`, with package lists of our own where the system has none, and `dpkg -x`.

    Args:
        name: A package that this repository names.
        into: Directory for its files; made where it is missing.
        private: Where package lists of our own are kept.

    Raises:
        PackageError: there is no apt here, or it fails.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise PackageError("The corpus comes as Debian packages: apt-get and dpkg are needed to fetch it.")
    into.mkdir(parents=True, exist_ok=True)
    options: list[str] = []
    if not _run(["apt-cache", "show", "--no-all-versions", name], cwd=into, check=False):
        (private / "lists/partial").mkdir(parents=True, exist_ok=True)
        (private / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        options = ["-o", f"Dir::State::lists={private / 'lists'}", "-o", f"Dir::Cache={private / 'cache'}"]
        if not any((private / "lists").glob("*Packages*")):
            _run(["apt-get", *options, "update"], cwd=into)
    _run(["apt-get", *options, "download", name], cwd=into)
    archive = next(into.glob("*.deb"))
    _run(["dpkg", "-x", str(archive), str(into)], cwd=into)
    archive.unlink()


def _run(command: Sequence[str], cwd: Path, *, check: bool = True) -> str:
    program = shutil.which(command[0]) or command[0]
    # Only apt and dpkg are started, on package names that this repository lists.
    result = subprocess.run(  # noqa: S603
        [program, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False
    )
    if check and result.returncode != 0:
        raise PackageError(f"{' '.join(command)} failed: {result.stderr.strip()[-500:]}")
    return result.stdout if result.returncode == 0 else ""
