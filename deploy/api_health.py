"""The API container's health check: exit code 0 if the process answers `/healthz`."""  # noqa: INP001

import sys
from http import HTTPStatus
from http.client import HTTPConnection

from services.settings import load_settings_or_exit

# Seconds. Docker's own limit is longer, so that the reason is printed and not cut off.
TIMEOUT_SECONDS = 4.0


def main() -> None:
    """Ask once; http.client goes to the process itself, whatever proxy the environment names."""
    connection = HTTPConnection("127.0.0.1", load_settings_or_exit().port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except OSError as error:
        sys.exit(f"The API does not answer: {error}")
    if status != HTTPStatus.OK:
        sys.exit(f"The API answers {status}.")


if __name__ == "__main__":
    main()
