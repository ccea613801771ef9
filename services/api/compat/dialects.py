"""What an error looks like on the paths that speak another system's dialect: this is the only place that knows.

Everywhere else a problem is answered as RFC 9457 has it; `services.api.http.problems` asks here first.
"""

from collections.abc import Callable
from http import HTTPStatus

from flask import Response, json, request

from services.api.compat.paths import SPOTIFY_PREFIX, SUBSONIC_PREFIX
from services.api.compat.subsonic.auth import (
    ConflictingMechanisms,
    InvalidApiKey,
    MissingParameter,
    PasswordsNotSupported,
    TokensNotSupported,
    WrongCredentials,
)
from services.api.compat.subsonic.render import Code, failure
from services.api.schemas.service import Problem, type_of

Dialect = Callable[[Problem], Response]

ABSENT = " is required"
"""End of the message about a missing parameter."""

CODES_OF_TYPES = {
    type_of(MissingParameter): Code.MISSING_PARAMETER,
    type_of(WrongCredentials): Code.WRONG_CREDENTIALS,
    type_of(TokensNotSupported): Code.TOKENS_NOT_SUPPORTED,
    type_of(PasswordsNotSupported): Code.MECHANISM_NOT_SUPPORTED,
    type_of(ConflictingMechanisms): Code.CONFLICTING_MECHANISMS,
    type_of(InvalidApiKey): Code.INVALID_API_KEY,
}
CODES_OF_STATUSES = {
    HTTPStatus.UNAUTHORIZED: Code.WRONG_CREDENTIALS,
    HTTPStatus.FORBIDDEN: Code.NOT_AUTHORISED,
    HTTPStatus.NOT_FOUND: Code.NOT_FOUND,
}

OF_HTTP_ITSELF = "about:blank"


def spoken_here(problem: Problem) -> Response | None:
    """The problem in the dialect of the request's path; None where it is answered as it is."""
    speak = next((speak for prefix, speak in DIALECTS.items() if request.path.startswith(prefix)), None)
    return None if speak is None else speak(problem)


def in_spotify(problem: Problem) -> Response:
    """Spotify's error object; what Segue calls unprocessable is a bad request there."""
    status = problem.status
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    body = {"error": {"status": int(status), "message": problem.detail}}
    return Response(json.dumps(body), status, content_type="application/json")


def in_subsonic(problem: Problem) -> Response:
    """Subsonic's error element, in an answer that HTTP calls a success; errors of HTTP itself keep their status."""
    status = problem.status if problem.type == OF_HTTP_ITSELF else HTTPStatus.OK
    return failure(_code_of(problem), problem.detail, status)


def _code_of(problem: Problem) -> Code:
    if any(error.detail.endswith(ABSENT) for error in problem.errors or ()):
        return Code.MISSING_PARAMETER
    return CODES_OF_TYPES.get(problem.type) or CODES_OF_STATUSES.get(HTTPStatus(problem.status), Code.GENERIC)


DIALECTS: dict[str, Dialect] = {SPOTIFY_PREFIX: in_spotify, SUBSONIC_PREFIX: in_subsonic}
