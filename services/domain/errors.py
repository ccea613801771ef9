"""The errors of Segue's services.

The message names the id or file, what is wrong and what to do. `STATUSES` in `services.api.http.errors` gives each
class an HTTP status. Errors of HTTP itself are defined in `services.api`.
"""

# ruff: noqa: N818  class names are the titles of problems, such as "Track not found"

from collections.abc import Iterable

from services.domain.failure import FailureKind
from services.domain.sign_in import SignInProblem

LIST_LIBRARY = "list the library with GET /v1/tracks"
"""What to do after a request without a known track. MCP tools name their own way in its place."""


class SegueError(Exception):
    """An expected error, with a message for people."""

    @property
    def detail(self) -> str:
        """The message."""
        return str(self)


class NotFound(SegueError):
    """The named object does not exist."""


class TrackNotFound(NotFound):
    """No track has this id."""

    def __init__(self, track_id: str) -> None:
        super().__init__(f"No track has the id '{track_id}'.")


class PictureNotFound(NotFound):
    """No picture has this id."""

    def __init__(self, picture_id: str) -> None:
        super().__init__(f"No picture has the id '{picture_id}'. GET /v1/pictures lists all pictures.")


class JobNotFound(NotFound):
    """No job has this id."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"No job has the id '{job_id}'.")


class RadioNotFound(NotFound):
    """No radio session has this id, or it has expired."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"No radio session has the id '{session_id}', or it has expired. Start a new one.")


class PlaylistNotFound(NotFound):
    """No playlist has this id, or the key may not use it."""

    def __init__(self, playlist_id: str) -> None:
        super().__init__(f"No playlist has the id '{playlist_id}'.")


class ListenerNotFound(NotFound):
    """The libraries of the key have no such member."""

    def __init__(self, listener: str) -> None:
        super().__init__(f"The libraries of this key have no listener '{listener}'.")


class LibraryNotFound(NotFound):
    """No library has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No library is named '{name}'. `segue libraries list` shows all libraries.")


class LinkNotFound(NotFound):
    """No linked server has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No linked server is named '{name}'. `segue link list` shows all links.")


class KeyNotFound(NotFound):
    """No API key has this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"No API key has the id '{key_id}'. `segue keys list` shows all keys.")


class AccountNotFound(NotFound):
    """The listener has no account."""

    def __init__(self, listener: str) -> None:
        super().__init__(f"'{listener}' has no account. `segue users list` shows all accounts.")


class PersonNotFound(NotFound):
    """Nobody has signed in as this listener."""

    def __init__(self, listener: str) -> None:
        super().__init__(f"Nobody has signed in as '{listener}'.")


class SignInNotConfigured(NotFound):
    """No provider is configured at which people can sign in."""

    def __init__(self) -> None:
        super().__init__("Nobody can sign in here: SEGUE_OIDC_ISSUER is not set. Use an API key.")


class InvalidRequest(SegueError):
    """The request is well-formed but cannot be carried out."""


class AccountExists(InvalidRequest):
    """The listener has an account already."""

    def __init__(self, listener: str) -> None:
        super().__init__(f"'{listener}' has an account. `segue users password` gives it another password.")


class InvalidCursor(InvalidRequest):
    """The cursor is not from this service."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"'{cursor}' is not a cursor of this service. Pass `next_cursor` unchanged.")


class PathNotScannable(InvalidRequest):
    """The path is not a readable folder or audio file."""


class ArchiveUnusable(InvalidRequest):
    """The file is not a backup, or cannot be restored here."""


class UnusableClip(InvalidRequest):
    """The clip is audio, but it is too short, silent or otherwise outside the limits."""


class UnusablePicture(InvalidRequest):
    """The picture is in a supported format, but it is too large or otherwise outside the limits."""

    def __init__(self, message: str, kind: FailureKind = FailureKind.LEFT_OUT) -> None:
        super().__init__(message)
        self.kind = kind


class UnusableVideo(InvalidRequest):
    """The clip is a video, but it is too short or too long."""


class UnknownMood(InvalidRequest):
    """No mood preset has this id."""

    def __init__(self, mood: str, known: Iterable[str]) -> None:
        super().__init__(f"No mood preset has the id '{mood}'. The mood presets are: {', '.join(known)}.")


class UnsupportedAudio(SegueError):
    """The bytes are not audio in a supported format."""

    def __init__(self, message: str, kind: FailureKind = FailureKind.UNSUPPORTED) -> None:
        super().__init__(message)
        self.kind = kind


class AudioNotRead(UnsupportedAudio):
    """The file made a parser of Segue fail: it is damaged in an unexpected way, or Segue has a defect."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"Segue failed to read this file ({type(cause).__name__}): the file is damaged, or Segue has a defect."
        )


class UnsupportedPicture(SegueError):
    """The bytes are not a picture in a supported format."""


class UnsupportedVideo(SegueError):
    """The bytes are not a video that ffmpeg decodes."""


class NeedsFfmpeg(SegueError):
    """Only ffmpeg decodes the file, and the worker that read it has none."""


class UploadTooLarge(SegueError):
    """The upload is larger than the configured maximum."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The upload is larger than {max_bytes:,} bytes, the maximum of this service.")


class Unavailable(SegueError):
    """A part that Segue depends on does not respond. A later retry can succeed."""


class BrokerUnavailable(Unavailable):
    """The broker (Valkey or Redis) does not accept tasks."""


class CatalogueUnavailable(Unavailable):
    """The catalogue database does not respond."""


class IndexUnavailable(Unavailable):
    """The vector index does not respond."""


class StorageUnavailable(Unavailable):
    """The data directory cannot be written."""


class StorageFull(StorageUnavailable):
    """The disk with the data directory is full."""


class LinkedServerUnavailable(Unavailable):
    """A linked media server does not respond, or not in time, or gets too many requests.

    `retry_after` is the number of seconds after which the server wants to be asked again, if it tells one.
    """

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SignInUnavailable(Unavailable):
    """The provider at which people sign in does not respond, or not as OpenID Connect says."""


class LinkedServerRefused(SegueError):
    """A linked media server refused a request, for example a password, or answered what Segue does not understand."""


class LinkedUserRefused(LinkedServerRefused):
    """A linked media server refuses the user of its link, whatever is asked: a wrong password or a missing right."""


class SongsGone(LinkedServerRefused):
    """A linked media server lists few of the songs that it had."""


class QuestionUnanswered(Unavailable):
    """No worker answered a question about a clip or a picture in time."""


class TooManyQuestions(QuestionUnanswered):
    """As many questions about clips and pictures as allowed wait already."""


class ReaderUnavailable(Unavailable):
    """A worker cannot read pictures at present, whatever they contain."""


class WordsUnavailable(ReaderUnavailable):
    """Words and pictures have no place in the served space; a retry helps only after a switch or many more tracks."""

    def __init__(self, read_for: str, served: str) -> None:
        super().__init__(
            f"Words and pictures cannot be used with model version {served}: this release reads them for {read_for}, "
            f"and cannot carry them over. `segue model compare {served}` says why."
        )


class RadioBusy(Unavailable):
    """Too many concurrent calls of one radio session."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Radio session '{session_id}' is busy; retry.")


class AlreadyRunning(SegueError):
    """Another process runs Segue on this data directory."""


class PlaylistChanged(SegueError):
    """A change was made from an older state of the playlist."""

    def __init__(self, playlist_id: str) -> None:
        super().__init__(f"The playlist '{playlist_id}' was changed meanwhile. Get it again and repeat the change.")


class NotConfigured(SegueError):
    """A required setting or optional package is missing."""


class Forbidden(SegueError):
    """The client is not allowed to do this."""


class KeyRequired(Forbidden):
    """The request has no API key, or one that is wrong or revoked."""

    def __init__(self, *, presented: bool) -> None:
        why = "The API key is wrong or revoked" if presented else "An API key is required"
        super().__init__(
            f"{why}. Send one as `Authorization: Bearer KEY` or `X-API-Key: KEY`; `segue keys create` creates one."
        )
        self.presented = presented


class WrongPassword(Forbidden):
    """The name or the password of an account is wrong."""

    def __init__(self) -> None:
        super().__init__("Wrong username or password.")


class InsufficientScope(Forbidden):
    """The API key lacks the required scope."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        needed = " or ".join(f"`{scope}`" for scope in scopes)
        super().__init__(f"This needs a key with the {needed} scope; the key you sent does not have it.")
        self.scopes = scopes


class ListenerNotAllowed(Forbidden):
    """The API key is bound to other listeners."""

    def __init__(self) -> None:
        super().__init__("The key is bound to other listeners. `segue keys list` shows which.")


class LibraryNotAllowed(Forbidden):
    """The API key is bound to libraries, and the request concerns the whole installation."""

    def __init__(self) -> None:
        super().__init__("The key is bound to libraries, and this request concerns the whole installation.")


class SignInRefused(Forbidden):
    """The provider refuses a sign-in, or its answer is not valid, or the person may not use Segue."""

    def __init__(self, message: str, problem: SignInProblem = SignInProblem.REFUSED) -> None:
        super().__init__(message)
        self.problem = problem


class TooManyRequests(SegueError):
    """The key or address exceeds its rate limit."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests. Retry after {retry_after} s.")
        self.retry_after = retry_after


class QuotaExceeded(TooManyRequests):
    """The keys and people of a library have made all the requests of its quota today."""

    def __init__(self, library: str, limit: int, retry_after: int) -> None:
        SegueError.__init__(
            self,
            f"The library '{library}' has made the {limit} requests of its quota today. A new day begins at 0:00 UTC.",
        )
        self.retry_after = retry_after


class LibraryFull(SegueError):
    """A library has as many tracks, or as many bytes of uploads, as its quota allows."""


class IdempotencyConflict(SegueError):
    """The `Idempotency-Key` cannot be used for this request."""


class RequestStillRunning(IdempotencyConflict):
    """The first request with this key has not finished."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("A request with this Idempotency-Key is still running. Retry later.")
        self.retry_after = retry_after


class IdempotencyKeyReused(IdempotencyConflict):
    """The key was used before with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body. Use a new key for a new request.")
