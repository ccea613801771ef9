"""Every error that Segue's services raise on purpose.

* SegueError
  * NotFound: TrackNotFound, JobNotFound, RadioNotFound
  * InvalidRequest: InvalidCursor, PathNotScannable, ArchiveUnusable
  * UnsupportedAudio
  * UploadTooLarge
  * Unavailable: BrokerUnavailable, CatalogueUnavailable, IndexUnavailable, RadioBusy,
    ServiceUnreachable
    * StorageUnavailable: StorageFull
  * AlreadyRunning
  * NotConfigured

Each class carries the HTTP status and the title of its RFC 9457 problem; `services.api.problems` is the only
reader of both. The message names the id or file, what is wrong and what to do.
"""

from http import HTTPStatus
from typing import ClassVar


class SegueError(Exception):
    """Something went wrong that Segue can name."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Segue could not do this"

    @property
    def detail(self) -> str:
        """The sentence for a person."""
        return str(self)


class NotFound(SegueError):  # noqa: N818  the names read as the answer they become
    """What was named does not exist."""

    status = HTTPStatus.NOT_FOUND
    title = "Not found"


class TrackNotFound(NotFound):
    """No track has this id."""

    title = "Track not found"

    def __init__(self, track_id: str) -> None:
        super().__init__(f"No track has the id '{track_id}'. GET /v1/tracks lists the library.")


class JobNotFound(NotFound):
    """No job has this id."""

    title = "Job not found"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"No job has the id '{job_id}'.")


class RadioNotFound(NotFound):
    """No radio session has this id (any more)."""

    title = "Radio session not found"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"No radio session has the id '{session_id}': it ended, or was idle for too long. Start one.")


class InvalidRequest(SegueError):  # noqa: N818
    """The request is well-formed but cannot be carried out as it stands."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Invalid request"


class InvalidCursor(InvalidRequest):
    """A cursor that this service did not hand out."""

    title = "Invalid cursor"

    def __init__(self, cursor: str) -> None:
        super().__init__(f"'{cursor}' is not a cursor of this service: pass next_cursor as it was answered.")


class PathNotScannable(InvalidRequest):
    """A path that is no readable folder or audio file."""

    title = "Path cannot be scanned"


class ArchiveUnusable(InvalidRequest):
    """A file that is no backup, or one that cannot be restored here."""

    title = "Backup cannot be used"


class UnsupportedAudio(SegueError):  # noqa: N818
    """The bytes are not audio in a format that Segue takes."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "Unsupported audio"


class UploadTooLarge(SegueError):  # noqa: N818
    """An upload has more bytes than the service takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "Upload too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The upload has more than {max_bytes:,} bytes, the most that this service takes.")


class Unavailable(SegueError):  # noqa: N818
    """A part that Segue depends on does not answer; trying again later helps."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Temporarily unavailable"


class BrokerUnavailable(Unavailable):
    """The broker (Valkey or Redis) does not take tasks."""

    title = "Broker unavailable"


class CatalogueUnavailable(Unavailable):
    """The catalogue database does not answer."""

    title = "Catalogue unavailable"


class IndexUnavailable(Unavailable):
    """The vector index does not answer."""

    title = "Vector index unavailable"


class StorageUnavailable(Unavailable):
    """The data directory cannot be written."""

    title = "Storage unavailable"


class StorageFull(StorageUnavailable):
    """There is no room left where Segue keeps its data."""

    status = HTTPStatus.INSUFFICIENT_STORAGE
    title = "Storage full"


class ServiceUnreachable(Unavailable):
    """No Segue service answers at the URL that a client was given."""

    title = "Service unreachable"


class RadioBusy(Unavailable):
    """Too many calls of one radio session at once."""

    title = "Radio session busy"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Other calls of radio session '{session_id}' were faster again and again. Repeat this one.")


class AlreadyRunning(SegueError):  # noqa: N818
    """Another process already runs Segue on this data directory."""

    status = HTTPStatus.CONFLICT
    title = "Already running"


class NotConfigured(SegueError):  # noqa: N818
    """A setting or an optional package that this way of running needs is missing."""

    title = "Not configured"
