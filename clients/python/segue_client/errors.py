"""The errors of the client, by the status of the response.

Every error is a `SegueError`. `KeyRequired` is a `Forbidden`, and `ServiceUnreachable` an `Unavailable`. Other statuses
raise `SegueError` itself.
"""

# ruff: noqa: N818  the names are those of the service's problems

from http import HTTPStatus

from segue_client.models import Problem


class SegueError(Exception):
    """An error. `problem` is the service's problem; None if the service returned none."""

    def __init__(self, message: str, problem: Problem | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.problem = problem
        self.retry_after = retry_after
        """Seconds to wait before the next attempt; None if the service did not say."""

    @property
    def detail(self) -> str:
        """The message: what went wrong and what to do."""
        return str(self)


class InvalidRequest(SegueError):
    """The request cannot be carried out (400, 422); `problem.errors` names the invalid fields."""


class Forbidden(SegueError):
    """The key may not do this (403)."""


class KeyRequired(Forbidden):
    """The request has no API key, or one that is wrong or revoked (401)."""


class NotFound(SegueError):
    """The named object does not exist (404)."""


class Conflict(SegueError):
    """The object was changed meanwhile, or the `Idempotency-Key` was used before (409)."""


class TooLarge(SegueError):
    """The body of the request is too large (413)."""


class Unsupported(SegueError):
    """The file is in no format that the service reads (415)."""


class TooManyRequests(SegueError):
    """The key or the address sent too many requests (429)."""


class Unavailable(SegueError):
    """A part that the service depends on does not respond (503). A later retry can succeed."""


class ServiceUnreachable(Unavailable):
    """No Segue service responds at the URL."""


_BY_STATUS: dict[int, type[SegueError]] = {
    HTTPStatus.BAD_REQUEST: InvalidRequest,
    HTTPStatus.UNAUTHORIZED: KeyRequired,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Unsupported,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidRequest,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequests,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}


def error_of(problem: Problem, retry_after: int | None = None) -> SegueError:
    """Return the error for a problem, by its status."""
    kind = _BY_STATUS.get(problem.status, SegueError)
    return kind(problem.detail, problem, retry_after)
