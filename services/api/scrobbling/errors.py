"""Errors in ListenBrainz's own shape: `{"code": …, "error": …}`."""

from http import HTTPStatus

from flask import Blueprint, Response, g, json
from werkzeug.exceptions import HTTPException

from services.api.limits import RETRY_AFTER_SECONDS
from services.api.problems import from_defect, log, public_detail
from services.domain.errors import SegueError


class BadSubmission(SegueError):  # noqa: N818  the names read as the answer they become
    """What a scrobbler sent is not what ListenBrainz would take."""

    status = HTTPStatus.BAD_REQUEST
    title = "Bad submission"


class Unauthorised(SegueError):  # noqa: N818
    """A scrobbler did not say whose listens these are."""

    status = HTTPStatus.UNAUTHORIZED
    title = "Unauthorised"


def register_errors(blueprint: Blueprint) -> None:
    """Answer whatever goes wrong in these views as ListenBrainz would."""
    blueprint.register_error_handler(SegueError, _from_segue_error)
    blueprint.register_error_handler(HTTPException, _from_http_error)
    blueprint.register_error_handler(Exception, _from_defect)


def _from_segue_error(error: SegueError) -> Response:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", reason=error.detail, error=type(error).__name__)
    # ListenBrainz calls whatever it cannot use a bad request; scrobblers drop such listens instead of retrying.
    status = HTTPStatus.BAD_REQUEST if error.status == HTTPStatus.UNPROCESSABLE_ENTITY else error.status
    response = _answer(status, public_detail(error))
    response.headers.update(error.headers)
    return response


def _from_http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return _answer(status, error.description or status.phrase)


def _from_defect(error: Exception) -> Response:
    from_defect(error)  # into the log
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(status, f"Something went wrong. The log has it under the request id {g.request_id}.")


def _answer(status: HTTPStatus, message: str) -> Response:
    body = json.dumps({"code": status.value, "error": message})
    response = Response(body, status, content_type="application/json")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
