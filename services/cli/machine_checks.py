"""What `segue doctor` checks on this machine: versions, disk, memory, folders, model files, names, and the port."""

import errno
import hashlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from models.ffmpeg import OLDEST, find_ffmpeg, install_command
from models.text.tower import WEIGHTS_DIRECTORY
from services.index.build_cost import available_memory
from services.settings import Settings
from services.settings.library import is_weights
from services.storage.disk import check_storage, disk_usage
from services.storage.locks import running_url

MIB = 1 << 20
# More than `check_storage` requires, which is about the next write.
LOW_DISK_BYTES = 1024 * MIB
# An analysis process with the encoder and a decoder takes about this much (services/capacity/costs.toml).
ANALYSIS_PROCESS_BYTES = 700 * MIB
# A lookup takes milliseconds, unless a name server does not respond and delays each new connection.
SLOW_LOOKUP_SECONDS = 1.0


def versions(_: Settings) -> Iterator[str]:
    """Check that the parts of Segue belong together."""
    yield from version_problems(version("segue"), version("segue-client"))


def version_problems(segue: str, client: str) -> Iterator[str]:
    """Compare the versions of the two packages of Segue."""
    if segue != client:
        yield (
            f"segue is {segue} and segue-client {client}; install both from one checkout: "
            "`pip install ./clients/python .`"
        )


def storage(settings: Settings) -> Iterator[str]:
    """Check that the data directory can be written and has room."""
    if not settings.data_path.exists():
        return  # the first start creates it
    check_storage(settings.data_path)
    _, free = disk_usage(settings.data_path)
    yield from disk_problems(settings.data_path, free)


def disk_problems(folder: Path, free: int) -> Iterator[str]:
    """Compare the free bytes on the disk of a folder with what covers, logs and a build of the index may need."""
    if free < LOW_DISK_BYTES:
        yield f"the disk of {folder} has {free // MIB} MiB left; free some space before it is full"


def memory(settings: Settings) -> Iterator[str]:
    """Check that the analysis processes of a worker here fit, if torch is installed here."""
    free = available_memory()
    # A running service has its memory already.
    if find_spec("torch") is not None and free is not None and running_url(settings) is None:
        yield from memory_problems(settings.worker_processes, free)


def memory_problems(processes: int, free: int) -> Iterator[str]:
    """Compare the free bytes of memory with what a number of analysis processes need."""
    needed = processes * ANALYSIS_PROCESS_BYTES
    if free >= needed:
        return
    fitting = free // ANALYSIS_PROCESS_BYTES
    remedy = f"set SEGUE_WORKER_PROCESSES to {fitting}" if fitting else "free some memory"
    yield f"{free // MIB} MiB of memory are free, but the analysis needs {needed // MIB} MiB; {remedy}"


def folders(settings: Settings) -> Iterator[str]:
    """Check that the library folders are there and can be read."""
    for folder in settings.library_roots:
        if not Path(folder).is_dir():
            yield f"{folder} is gone; mount it, or correct SEGUE_LIBRARY_ROOTS"
            continue
        hidden = [path for path in (folder, *_subfolders(folder)) if not _is_readable(path)]
        if hidden:
            more = f" and {len(hidden) - 1} others" if len(hidden) > 1 else ""
            yield (
                f"user {os.geteuid()} cannot read {hidden[0]}{more}; allow it with `chmod o+rX`, or run Segue with a "
                "group that may (MUSIC_GID, PGID)"
            )


def _is_readable(path: str) -> bool:
    return os.access(path, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)


def _subfolders(folder: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def model_files(settings: Settings) -> Iterator[str]:
    """Check that the weights are complete: each card declares the digest of its file.

    Those of `SEGUE_NEXT_MODEL` need to be where workers run, which is here if torch is installed.
    """
    if settings.next_model is not None and find_spec("torch") is not None:
        yield from next_model_problems(settings.next_model)
    cards = sorted(WEIGHTS_DIRECTORY.glob("*.json"))
    if not cards:
        yield f"{WEIGHTS_DIRECTORY} has no models; install Segue again"
    for card in cards:
        expected = json.loads(card.read_text(encoding="utf-8"))["sha256"]
        files = [file for file in card.parent.glob(f"{card.stem}.*") if file != card]
        if [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] != [expected]:
            yield f"the weights of {card} are missing or damaged; install Segue again"


def next_model_problems(next_model: str) -> Iterator[str]:
    """Check that the file or the installed encoder that `SEGUE_NEXT_MODEL` names is there."""
    if is_weights(next_model):
        if not Path(next_model).is_file():
            yield f"there is no file {next_model}; correct SEGUE_NEXT_MODEL"
    elif next_model not in (brought := entry_points(group="segue.encoders").names):
        known = ", ".join(sorted(brought)) or "none"
        yield (
            f"no package in {sys.prefix} brings the encoder '{next_model}' (installed encoders: {known}); install one "
            "there, or correct SEGUE_NEXT_MODEL"
        )


def names(settings: Settings) -> Iterator[str]:
    """Check that the hosts of the settings have addresses, and that they are looked up quickly."""
    for host in sorted(_hosts(settings)):
        began = time.monotonic()
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            yield f"'{host}' has no address: {error.strerror}; correct the setting, or the resolver in /etc/resolv.conf"
        yield from lookup_problems(host, time.monotonic() - began)


def lookup_problems(host: str, seconds: float) -> Iterator[str]:
    """Judge the time that the lookup of a host took."""
    if seconds > SLOW_LOOKUP_SECONDS:
        yield (
            f"looking up '{host}' took {seconds:.0f} s; in /etc/resolv.conf replace the name server that does not "
            "respond, and set `options timeout:1 attempts:1`"
        )


def _hosts(settings: Settings) -> set[str]:
    secret = [url.get_secret_value() for url in (settings.redis_url, settings.database_url) if url is not None]
    servers = {make_url(url).host for url in secret}
    pages = (*settings.qdrant_urls, *settings.webhooks, settings.oidc_issuer or "", settings.traces_url or "")
    return {host for host in (*servers, *(urlsplit(url).hostname for url in pages)) if host}


def port(settings: Settings) -> Iterator[str]:
    """Check that nothing else uses the port of the API; its own process may."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                address = f"{settings.host}:{settings.port}"
                yield f"{address} cannot be used: {error.strerror}; correct SEGUE_HOST or SEGUE_PORT"
            elif not _is_segue(settings):
                yield f"another program uses port {settings.port}; stop it, or set SEGUE_PORT"


def _is_segue(settings: Settings) -> bool:
    from segue_client import Segue, SegueError  # noqa: PLC0415  only if the port is in use

    try:
        with Segue(settings.own_url) as client:
            client.ready()
    except SegueError:
        return False
    return True


def ffmpeg(_: Settings) -> Iterator[str]:
    """Say which formats cannot be read; that is no fault of the installation."""
    if find_ffmpeg() is None:
        oldest = ".".join(map(str, OLDEST))
        yield f"not installed, or older than {oldest}; it reads M4A, WMA, WavPack and video clips: {install_command()}"
