"""Open and send the audio of tracks."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from flask import Response

from models.containers.recognise import Container
from services.api.context import services
from services.api.http.files import send_opened
from services.catalog.tracks import TrackFile
from services.domain.errors import NotFound, UnsupportedAudio
from services.domain.links import link_of
from services.domain.track import MEDIA_TYPES
from services.ingest.formats import audio_format
from services.ingest.roots import open_inside, readable_roots

if TYPE_CHECKING:
    from io import BufferedReader, FileIO


@dataclass(frozen=True, slots=True)
class OpenAudio:
    """An open audio file of the library."""

    stream: BinaryIO
    path: str
    container: Container


class AudioNotFound(NotFound):
    """No file of the track can be read."""

    def __init__(self, track_id: str, link: str | None = None) -> None:
        """Say where the file is; `link` is the linked server that has it, if one does."""
        where = (
            "If you moved it, scan its new folder."
            if link is None
            else f"It is on the linked server '{link}', and Segue has its analysis only: play it from there."
        )
        super().__init__(f"No file of track '{track_id}' can be read. {where}")


def open_audio(track_id: str) -> OpenAudio:
    """Open the first file of a track that can be read; the caller closes it.

    Raises:
        AudioNotFound: none can be read.
    """
    files = services().catalogue.tracks.files(track_id)
    for file in files:
        with suppress(OSError):  # try the next file of the track
            return _opened(file)
    raise AudioNotFound(track_id, next((link for file in files if (link := link_of(file.path))), None))


def send_audio(track_id: str) -> Response:
    """Send a file of a track as the request wants it: whole or one range, and conditionally.

    Raises:
        AudioNotFound: none can be read.
    """
    found = open_audio(track_id)
    return send_opened(found.stream, found.path, MEDIA_TYPES[found.container.suffix])


def _opened(file: TrackFile) -> OpenAudio:
    """Open a file if it is still audio, because a link may have replaced it since the scan.

    Raises:
        OSError: it is missing, unreadable, no audio file, or outside its library root or the configured folders.
    """
    opened, _ = open_inside(file.path, file.root, readable_roots(services().settings))
    try:
        container = audio_format(opened)
    except UnsupportedAudio as error:
        opened.close()
        raise FileNotFoundError(file.path) from error
    # Without the buffer: the web server sends the file from where the descriptor is, and a buffer reads ahead of that.
    unbuffered = cast("FileIO", cast("BufferedReader", opened).detach())
    unbuffered.seek(0)
    return OpenAudio(unbuffered, file.path, container)
