"""Health check of the API container: exits with code 0 if `/healthz` returns 200."""  # noqa: INP001

import sys
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

from services.settings import load_settings_or_exit

# Shorter than Docker's own timeout, so that the reason is printed before Docker kills this process.
TIMEOUT_SECONDS = 4.0


def main() -> None:
    """Send one request to the API; `http.client` ignores the proxies of the environment."""
    address = urlsplit(load_settings_or_exit().own_url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except OSError as error:
        sys.exit(f"The API does not respond: {error}")
    if status != HTTPStatus.OK:
        sys.exit(f"The API returned status {status}.")


if __name__ == "__main__":
    main()
