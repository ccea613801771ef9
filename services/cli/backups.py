"""`segue backup` and `segue restore`: the catalogue as one file, or as a stream for containers."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from services.cli import output
from services.domain.errors import InvalidRequest
from services.settings import load_settings
from services.storage.backup import backup, restore
from services.storage.disk import storage_errors

STREAM = Path("-")


def write_backup(file: Path, *, as_json: bool) -> None:
    """Write a backup to a file, or to standard output if its name is `-`, and print what it contains.

    Raises:
        InvalidRequest: standard output would hold both the backup and JSON.
    """
    if as_json and file == STREAM:
        raise InvalidRequest("--json and - would both write to standard output. Leave one of them out.")
    settings = load_settings()
    with _copy_of_stream() as copy:
        written = copy if file == STREAM else file.absolute()
        manifest = backup(settings, written)
        if file == STREAM:
            with copy.open("rb") as made:
                shutil.copyfileobj(made, sys.stdout.buffer)
    if as_json:
        output.print_json({"file": str(file), "rows": manifest.rows, "revision": manifest.revision})
        return
    rows = sum(manifest.rows.values())
    name = "The backup" if file == STREAM else str(file)
    output.print_message(f"{name} contains the catalogue ({rows} rows) and the settings without secrets.")
    if manifest.rows.get("accounts"):
        output.print_message("It holds the passwords of accounts in readable form: keep it where only you can read it.")
    if settings.uploads_path.exists():
        output.print_message(f"It does not contain uploaded audio: copy {settings.uploads_path} too.")


def restore_backup(file: Path, *, as_json: bool) -> None:
    """Restore a backup from a file, or from standard input if its name is `-`, and print what was replaced."""
    with _copy_of_stream() as copy:
        if file == STREAM:
            with storage_errors(copy.parent), copy.open("wb") as received:
                shutil.copyfileobj(sys.stdin.buffer, received)
        restored = restore(load_settings(), copy if file == STREAM else file.absolute())
    if not as_json:
        output.print_restored(restored)
        return
    output.print_json(
        {
            "rows": restored.manifest.rows,
            "kept": restored.kept,
            "settings_file": None if restored.settings_file is None else str(restored.settings_file),
            "revoked": restored.revoked,
        }
    )


@contextmanager
def _copy_of_stream() -> Iterator[Path]:
    """Name a temporary file: a backup is read and verified at random places, and appears only when it is complete."""
    with TemporaryDirectory(prefix="segue-backup-") as folder:
        yield Path(folder) / "backup.zip"
