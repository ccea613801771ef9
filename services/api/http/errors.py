"""Map errors to HTTP: status, title and headers."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from services.domain import errors
from services.domain.errors import InsufficientScope, KeyRequired, RequestStillRunning, SegueError, TooManyRequests

STATUSES: Mapping[type[SegueError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UnsupportedAudio: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedPicture: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedVideo: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.NeedsFfmpeg: HTTPStatus.NOT_IMPLEMENTED,
    errors.UploadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.AlreadyRunning: HTTPStatus.CONFLICT,
    errors.PlaylistChanged: HTTPStatus.CONFLICT,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.KeyRequired: HTTPStatus.UNAUTHORIZED,
    errors.WrongPassword: HTTPStatus.UNAUTHORIZED,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.LibraryFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.IdempotencyConflict: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SegueError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""A class without an entry has the status of its nearest base class."""


class ApiError(SegueError):
    """An error of the HTTP API itself, which states its own status."""

    status: ClassVar[HTTPStatus]


def status_of(error: SegueError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    if isinstance(error, ApiError):
        return error.status
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def title_of(error: SegueError) -> str:
    """Return the class name as words, such as "Track not found"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).capitalize()


def headers_of(error: SegueError) -> dict[str, str]:
    """Return the headers of the response: challenges as in RFC 6750, and when to retry."""
    if isinstance(error, KeyRequired):
        # RFC 6750 defines no error code for a request without a key.
        code = ', error="invalid_token"' if error.presented else ""
        return {"WWW-Authenticate": f'Bearer realm="segue"{code}'}
    if isinstance(error, InsufficientScope):
        challenge = f'Bearer realm="segue", error="insufficient_scope", scope="{" ".join(error.scopes)}"'
        return {"WWW-Authenticate": challenge}
    if isinstance(error, TooManyRequests | RequestStillRunning):
        return {"Retry-After": str(error.retry_after)}
    return {}
