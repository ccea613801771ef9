"""Sends requests, reads responses, and raises the errors that the service returned."""

import re
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from segue_client.authorities import trusted_authorities
from segue_client.errors import KeyRequired, SegueError, ServiceUnreachable, error_of
from segue_client.models import Problem

DEFAULT_URL = "http://127.0.0.1:8765"
PROBLEM_TYPE = "application/problem+json"
# Longer than any answer takes, uploads apart.
TIMEOUT_SECONDS = 10.0
UPLOAD_TIMEOUT_SECONDS = 120.0
PAGE = 100

Answer = TypeVar("Answer", bound=BaseModel)


class Connection:
    """A connection to a Segue service.

    Args:
        url: Where the service is; below a path if a proxy serves it there.
        key: An API key, if the service needs one.
        timeout: Seconds to wait for an answer.
        transport: How to send requests, instead of over the network.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        if key is not None and not re.fullmatch("[!-~]+", key):
            raise KeyRequired("This is no API key: a key has ASCII letters, digits and signs only, and no spaces.")
        # trust_env off: a proxy set for the Internet must not see requests to a service on this machine.
        try:
            self._http = httpx.Client(
                base_url=self.url,
                headers={} if key is None else {"Authorization": f"Bearer {key}"},
                timeout=timeout,
                transport=transport,
                verify=trusted_authorities(),
                trust_env=False,
            )
        except httpx.InvalidURL as error:
            raise ServiceUnreachable(f"'{self.url}' is not a URL ({error}).") from error

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401  httpx's
        """Send any request of the API, such as one that has no method here; `request` takes httpx's arguments.

        Raises:
            ServiceUnreachable: no Segue answers at the URL.
            SegueError: the service returned a problem; the class is that of its status.
        """
        return self._checked(self._send(method, path, **request))

    def _get(self, answer: type[Answer], path: str, params: dict[str, Any] | None = None) -> Answer:
        return self._ask(answer, "GET", path, params=params)

    def _ask(self, answer: type[Answer], method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401
        return self._read(answer, self.request(method, path, **request))

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._http.request(method, path, **request)
        except httpx.DecodingError as error:
            raise ServiceUnreachable(f"The answer of {self.url} is damaged ({error}).") from error
        except RuntimeError as error:  # closed, or the event loop of its connections is
            raise SegueError(
                f"This client cannot be used here ({error}). A client works until it is closed, and in one event loop."
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServiceUnreachable(
                f"No Segue answers at {self.url} ({error or type(error).__name__}). Is `segue up` running?"
            ) from error

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() == PROBLEM_TYPE:
            seconds = response.headers.get("Retry-After", "")
            raise error_of(self._read(Problem, response), int(seconds) if seconds.isdecimal() else None)
        if response.is_error:
            raise self._alien(response)
        return response

    def _read(self, answer: type[Answer], response: httpx.Response) -> Answer:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise self._alien(response) from error

    def _alien(self, response: httpx.Response) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"What answers at {self.url} is not Segue, or not this version of it: "
            f"{response.status_code} {response.headers.get('Content-Type', 'without a type')}."
        )
