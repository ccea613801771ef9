"""The passwords of linked servers: a file for each in the data directory, which only its owner can read."""

import os
import tempfile
from pathlib import Path

from services.domain.errors import NotConfigured
from services.settings import Settings
from services.storage.disk import storage_errors

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def store_password(settings: Settings, name: str, password: str) -> None:
    """Store the password of a link.

    Raises:
        StorageUnavailable, StorageFull: the file cannot be written.
    """
    file = _file(settings, name)
    with storage_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as draft:
            os.fchmod(draft.fileno(), FILE_MODE)
            draft.write(password)
        Path(draft.name).replace(file)


def password_of(settings: Settings, name: str) -> str:
    """Return the password of a link.

    Raises:
        NotConfigured: this machine does not have it.
    """
    file = _file(settings, name)
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(
            f"The password of the link '{name}' is not in {file}. `segue link password {name}` asks for it."
        ) from error


def remove_password(settings: Settings, name: str) -> None:
    """Delete the password of a link."""
    with storage_errors(settings.data_path):
        _file(settings, name).unlink(missing_ok=True)


def _file(settings: Settings, name: str) -> Path:
    return settings.data_path / "links" / f"{name}.password"
