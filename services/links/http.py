"""Requests to one linked server, and to no other address: a redirect to another host is refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from services.domain.errors import InvalidRequest, LinkedServerRefused, LinkedServerUnavailable, LinkedUserRefused
from services.links.answers import number

# A page of 500 songs takes a small machine seconds to put together.
TIMEOUT_SECONDS = 60.0

# Servers behind a proxy redirect to another path, such as one with a slash at its end.
REDIRECTS_MAX = 3

CHUNK_BYTES = 1 << 16

_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_USER_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

# A page of 500 songs has 1 to 5 MB.
ANSWER_BYTES_MAX = 64 << 20

# A chunk of gzip becomes a thousand times as large at most. Other and nested encodings have no such limit.
ENCODINGS = ("", "identity", "gzip")

_REFUSALS = {
    HTTPStatus.UNAUTHORIZED: "The user or the password is wrong.",
    HTTPStatus.FORBIDDEN: "Its user lacks the right to do this.",
    HTTPStatus.NOT_FOUND: "Is the address right, with its path?",
}

Params = Mapping[str, Any] | list[tuple[str, Any]]


def checked_url(url: str) -> str:
    """Return the address of a server without a slash at its end.

    Raises:
        InvalidRequest: it is no HTTP URL, or contains a user or a query.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.username is not None or parts.query or parts.fragment:
        raise InvalidRequest(f"'{url}' is not the address of a server: write it as in https://music.example/navidrome.")
    return url.rstrip("/")


class Requests:
    """Sends requests to a linked server."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = checked_url(url)
        # trust_env off: a proxy set for the Internet must not see requests to a server of the house.
        given = {"Accept-Encoding": "gzip", **(headers or {})}
        self.http = httpx.Client(headers=given, timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)

    def json(self, method: str, path: str, *, params: Params | None = None, body: object = None) -> Any:  # noqa: ANN401
        """Send a request and return the JSON of the answer; None if it is empty."""
        with self.open(method, path, params=params, body=body) as response:
            content = bytearray()
            for chunk in self.chunks(response):
                content += chunk
                if len(content) > ANSWER_BYTES_MAX:
                    raise LinkedServerRefused(f"{self.url} sent an answer of more than {ANSWER_BYTES_MAX >> 20} MiB.")
            try:
                return from_json(bytes(content), allow_inf_nan=False) if content else None
            except ValueError as error:  # also for texts that are no Unicode, and for what is nested too deeply
                raise LinkedServerRefused(f"What answers at {self.url} is no media server of this kind.") from error

    @contextmanager
    def open(
        self, method: str, path: str, *, params: Params | None = None, body: object = None
    ) -> Iterator[httpx.Response]:
        """Send a request and open its answer, which is one without an error.

        Raises:
            LinkedServerUnavailable: the server does not respond, or not in time.
            LinkedServerRefused: it refuses the request, or sends it to another address.
        """
        request = self.http.build_request(method, self.url + path, params=pairs(params), json=body)
        with self._errors():
            response = self._follow(request)
        try:
            self._check(response)
            yield response
        finally:
            response.close()

    def chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield the content of an open answer."""
        with self._errors():
            yield from response.iter_bytes(CHUNK_BYTES)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def _follow(self, request: httpx.Request) -> httpx.Response:
        response = self.http.send(request, stream=True)
        for _ in range(REDIRECTS_MAX):
            if response.next_request is None:
                break
            response.close()
            target = response.next_request.url
            if _origin(target) != _origin(request.url):
                raise LinkedServerRefused(
                    f"{self.url} redirects to another address, {target.scheme}://{target.netloc.decode()}. Segue asks "
                    "the linked address only: add the link with the other address if it is the server's own."
                )
            response = self.http.send(response.next_request, stream=True)
        return response

    def _check(self, response: httpx.Response) -> None:
        if (encoding := response.headers.get("Content-Encoding", "").strip().lower()) not in ENCODINGS:
            raise LinkedServerRefused(
                f"{self.url} sent an answer in the encoding '{encoding}', which Segue did not ask for."
            )
        if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            return
        status = f"{response.status_code} {response.reason_phrase}".strip()
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code in _BUSY:
            retry_after = number(response.headers.get("Retry-After"))
            raise LinkedServerUnavailable(f"{self.url} failed: {status}. Try again later.", retry_after)
        advice = _REFUSALS.get(HTTPStatus(response.status_code)) if response.status_code in _REFUSALS else None
        kind = LinkedUserRefused if response.status_code in _USER_REFUSED else LinkedServerRefused
        raise kind(f"{self.url} refused the request: {status}. {advice or ''}".strip())

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.StreamError) as error:
            raise LinkedServerUnavailable(f"{self.url} does not respond: {error or type(error).__name__}.") from error
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise LinkedServerRefused(f"{self.url} answered what Segue does not understand: {error}.") from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def pairs(params: Params | None) -> list[tuple[str, Any]]:
    """Return parameters as a list."""
    return list(params.items()) if isinstance(params, Mapping) else params or []
