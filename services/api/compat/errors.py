"""Error formats of the compatible APIs, for `services.api.http.problems`."""

from http import HTTPStatus

from flask import Response

from services.api.compat.responses import json_response, status_of
from services.api.compat.subsonic.auth import (
    ConflictingMechanisms,
    InvalidApiKey,
    MissingParameter,
)
from services.api.compat.subsonic.responses import Code, failure
from services.api.schemas.service import Problem, type_of
from services.domain.errors import WrongPassword

MISSING_FIELD = " is required"
"""End of the message about a missing parameter."""

CODES_OF_TYPES = {
    type_of(MissingParameter): Code.MISSING_PARAMETER,
    type_of(WrongPassword): Code.WRONG_CREDENTIALS,
    type_of(ConflictingMechanisms): Code.CONFLICTING_MECHANISMS,
    type_of(InvalidApiKey): Code.INVALID_API_KEY,
}
CODES_OF_STATUSES = {
    HTTPStatus.UNAUTHORIZED: Code.WRONG_CREDENTIALS,
    HTTPStatus.FORBIDDEN: Code.NOT_AUTHORISED,
    HTTPStatus.NOT_FOUND: Code.NOT_FOUND,
}

HTTP_ERROR = "about:blank"
"""The problem type of errors of HTTP itself, such as a method that is not allowed."""


def spotify_error(problem: Problem) -> Response:
    """Render a problem as Spotify's error object."""
    status = status_of(problem)
    return json_response({"error": {"status": status.value, "message": problem.detail}}, status)


def listenbrainz_error(problem: Problem) -> Response:
    """Render a problem as ListenBrainz's error object."""
    status = status_of(problem)
    return json_response({"code": status.value, "error": problem.detail}, status)


def audiomuse_error(problem: Problem) -> Response:
    """Render a problem as an object with `error`."""
    return json_response({"error": problem.detail}, status_of(problem))


def subsonic_error(problem: Problem) -> Response:
    """Render a problem as a failed Subsonic response. Its status is 200, except for errors of HTTP itself."""
    status = problem.status if problem.type == HTTP_ERROR else HTTPStatus.OK
    return failure(_code_of(problem), problem.detail, status)


def _code_of(problem: Problem) -> Code:
    if any(error.detail.endswith(MISSING_FIELD) for error in problem.errors or ()):
        return Code.MISSING_PARAMETER
    return CODES_OF_TYPES.get(problem.type) or CODES_OF_STATUSES.get(HTTPStatus(problem.status), Code.GENERIC)
