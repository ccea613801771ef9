"""A connection to the HTTP API: sends requests, reads responses, and raises the errors that the service returned."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from services.api.schemas.service import MEDIA_TYPE, Problem, type_of
from services.domain import errors
from services.domain.errors import SegueError, ServiceUnreachable

# Longer than any answer takes, uploads apart.
TIMEOUT_SECONDS = 10.0

Answer = TypeVar("Answer", bound=BaseModel)


class ProblemError(SegueError):
    """A problem that this client has no class for; `problem` has all of it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class Connection:
    """Sends requests to a Segue service."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        # trust_env off: a proxy set for the Internet must not see requests to a service on this machine.
        try:
            self._http = httpx.Client(
                base_url=self.url,
                headers={} if key is None else {"Authorization": f"Bearer {key}"},
                timeout=timeout,
                transport=transport,
                trust_env=False,
            )
        except httpx.InvalidURL as error:
            raise ServiceUnreachable(f"'{self.url}' is not a URL ({error}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, answer: type[Answer], path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._ask(answer, "GET", path, params=params)

    def _ask(self, answer: type[Answer], method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401  httpx's
        return self._answer(answer, self._send(method, path, **request))

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._http.request(method, path, **request)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(
                f"No Segue answers at {self.url} ({error or type(error).__name__}). Is `segue up` running?"
            ) from error

    def _answer(self, answer: type[Answer], response: httpx.Response) -> Answer:
        return self._read(answer, self._checked(response))

    def _content(self, method: str, path: str, **request: Any) -> bytes:  # noqa: ANN401
        return self._checked(self._send(method, path, **request)).content

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.headers.get("Content-Type") == MEDIA_TYPE:
            raise error_of(self._read(Problem, response))
        return response

    def _read(self, answer: type[Answer], response: httpx.Response) -> Answer:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise ServiceUnreachable(
                f"What answers at {self.url} is not Segue, or not this version of it: "
                f"{response.status_code} {response.headers.get('Content-Type', 'without a type')}."
            ) from error


def error_of(problem: Problem) -> SegueError:
    """The error that a problem was made from, or the nearest that this client knows."""
    kind = _BY_TYPE.get(problem.type) or _BY_STATUS.get(problem.status)
    if kind is None:
        return ProblemError(problem)
    # Their own constructors compose the message; here it is composed already.
    error = kind.__new__(kind)
    SegueError.__init__(error, problem.detail)
    return error


def _descendants(kind: type[SegueError]) -> Iterator[type[SegueError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


_BY_TYPE = {type_of(kind): kind for kind in _descendants(SegueError) if kind.__module__ == errors.__name__}
_BY_STATUS: dict[int, type[SegueError]] = {
    HTTPStatus.FORBIDDEN: errors.Forbidden,
    HTTPStatus.NOT_FOUND: errors.NotFound,
    HTTPStatus.UNPROCESSABLE_ENTITY: errors.InvalidRequest,
    HTTPStatus.SERVICE_UNAVAILABLE: errors.Unavailable,
}
