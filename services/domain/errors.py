"""Every error that Segue's services raise on purpose.

* SegueError
  * NotFound: TrackNotFound, JobNotFound, RadioNotFound, KeyNotFound
  * InvalidRequest: InvalidCursor, PathNotScannable, ArchiveUnusable
  * UnsupportedAudio
  * UploadTooLarge
  * Unavailable: BrokerUnavailable, CatalogueUnavailable, IndexUnavailable, RadioBusy,
    ServiceUnreachable
    * StorageUnavailable: StorageFull
  * AlreadyRunning
  * NotConfigured
  * Refused: KeyRequired, KeyNotEnough, ListenerNotYours
  * TooManyRequests
  * Idempotency: RequestStillRunning, KeyUsedForAnother

Each class carries the HTTP status and the title of its RFC 9457 problem; `services.api.http.problems` is the only
reader of both. The message names the id or file, what is wrong and what to do.
"""

from collections.abc import Mapping
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

    @property
    def headers(self) -> Mapping[str, str]:
        """What HTTP wants said in headers."""
        return {}


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


class KeyNotFound(NotFound):
    """No API key has this id."""

    title = "Key not found"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"No API key has the id '{key_id}'. `segue keys list` shows all.")


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


class Refused(SegueError):  # noqa: N818
    """Whoever asks may not."""

    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


class KeyRequired(Refused):
    """No key came with the request, or one that is wrong or revoked."""

    status = HTTPStatus.UNAUTHORIZED
    title = "API key required"

    def __init__(self, *, presented: bool) -> None:
        why = "The API key is wrong or revoked" if presented else "An API key is needed"
        super().__init__(
            f"{why}. Send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`; `segue keys create` makes one."
        )
        self._presented = presented

    @property
    def headers(self) -> Mapping[str, str]:
        """The challenge; RFC 6750 wants no error code when there was no key."""
        error = ', error="invalid_token"' if self._presented else ""
        return {"WWW-Authenticate": f'Bearer realm="segue"{error}'}


class KeyNotEnough(Refused):
    """The key is right, but has no scope for this."""

    title = "Scope missing"

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__(f"This takes a key with the scope {' or '.join(scopes)}; the one that was sent has it not.")
        self._scopes = scopes

    @property
    def headers(self) -> Mapping[str, str]:
        """The challenge, as in RFC 6750."""
        scope = " ".join(self._scopes)
        return {"WWW-Authenticate": f'Bearer realm="segue", error="insufficient_scope", scope="{scope}"'}


class ListenerNotYours(Refused):
    """The key is bound to other listeners."""

    title = "Another listener's data"

    def __init__(self) -> None:
        super().__init__("The key is bound to other listeners. `segue keys list` says to which.")


class TooManyRequests(SegueError):  # noqa: N818
    """More requests in a short time than the service takes from one key or address."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests in a short time. Ask again in {retry_after} s.")
        self._retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """When to ask again."""
        return {"Retry-After": str(self._retry_after)}


class Idempotency(SegueError):  # noqa: N818
    """An `Idempotency-Key` stands in the way."""

    status = HTTPStatus.CONFLICT
    title = "Idempotency conflict"


class RequestStillRunning(Idempotency):
    """The first request with this key has not ended yet."""

    title = "Request still running"

    def __init__(self, retry_after: int) -> None:
        super().__init__("A request with this Idempotency-Key is still at work. Ask again in a moment.")
        self._retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """When to ask again."""
        return {"Retry-After": str(self._retry_after)}


class KeyUsedForAnother(Idempotency):
    """The key came before, with another body."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Idempotency-Key used for another request"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came before with another body. Use a new key for a new request.")
