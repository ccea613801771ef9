"""A PostgreSQL connection with a deadline on the client's side.

A frozen server (SIGSTOP, a suspended virtual machine, a hung disk) keeps its sockets open, and its kernel acknowledges
packets. Neither `tcp_user_timeout` nor keep-alives nor `statement_timeout` end a call then.
"""

import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.abc import RV

# The minimum of libpq, which accepts whole seconds.
CONNECT_SECONDS = 2


class DeadlineConnection(psycopg.Connection[Any]):
    """Closes itself when a statement exceeds the deadline, because its outcome on the server is unknown."""

    deadline_seconds: float | None = None

    def wait(self, gen: Generator[Any, Any, RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server's response.

        Raises:
            psycopg.OperationalError: it took longer than the deadline, and the connection is closed.
        """
        limit = timeout if timeout is not None else self.deadline_seconds
        if limit is None:
            return super().wait(gen, interval)
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if time.monotonic() - begun < limit or error.sqlstate is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server did not respond within {limit:g} s") from error


def is_gone(error: BaseException | None) -> bool:
    """Return whether an error of the driver means that the server does not respond, rather than that it refused."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # No code: the error is the driver's own. 08: connection exceptions. 57P01 to 57P03: shutting down or starting up.
    code = error.sqlstate
    return code is None or code.startswith(("08", "57P"))
