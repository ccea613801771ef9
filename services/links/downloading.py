"""Download one song of a linked server into a file without a name, which is gone when it is closed."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from services.domain.errors import LinkedServerRefused
from services.links.server import Server
from services.settings import Settings
from services.storage.disk import check_free_space, storage_errors

# Longer than any song: an hour of uncompressed audio has 600 MB.
MAX_BYTES = 1 << 30


@contextmanager
def downloaded(server: Server, song_id: str, settings: Settings) -> Iterator[BinaryIO]:
    """Download a song and open its content, at no more than this process' share of `SEGUE_DOWNLOAD_RATE`.

    Raises:
        LinkedServerUnavailable: the server does not respond.
        LinkedServerRefused: it does not send the song, or the song has more than `MAX_BYTES` bytes.
        StorageFull, StorageUnavailable: the data directory has no room for it.
    """
    folder = settings.data_path
    rate = settings.download_rate / settings.analysis_processes
    with storage_errors(folder), tempfile.TemporaryFile(dir=folder, prefix=".download-") as file:
        check_free_space(folder)
        content = cast("BinaryIO", file)
        with server.open_song(song_id) as chunks:
            _write(chunks, content, folder, rate)
        content.seek(0)
        yield content


def _write(chunks: Iterator[bytes], file: BinaryIO, folder: Path, rate: float) -> None:
    begun, received = time.monotonic(), 0
    for chunk in chunks:
        received += len(chunk)
        if received > MAX_BYTES:
            raise LinkedServerRefused(f"Its file has more than {MAX_BYTES >> 30} GiB, the most that Segue downloads.")
        check_free_space(folder)
        file.write(chunk)
        time.sleep(max(0.0, received / rate - (time.monotonic() - begun)))
    file.flush()
