"""What responses of several compatible APIs have in common."""

from http import HTTPStatus

from flask import Response, json

from services.api.schemas.service import Problem


def status_of(problem: Problem) -> HTTPStatus:
    """Return the status of a problem, but 400 instead of 422, which none of these APIs uses."""
    status = HTTPStatus(problem.status)
    return HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status


def json_response(body: object, status: int) -> Response:
    """Return a response in JSON."""
    return Response(json.dumps(body), status, content_type="application/json")
