"""A PostgreSQL connection that does not wait for ever.

A server that is stopped (SIGSTOP, a frozen virtual machine, a hung disk) keeps its sockets open and its kernel goes on
acknowledging what is sent, so neither `tcp_user_timeout` nor keep-alives nor `statement_timeout` end a call. Only a
deadline on this side does.
"""

import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.abc import RV

# libpq's least, in whole seconds.
CONNECT_SECONDS = 2


class DeadlineConnection(psycopg.Connection[Any]):
    """Gives a statement so long and then closes itself, because nobody knows what the server makes of it."""

    deadline_seconds: float | None = None

    def wait(self, gen: Generator[Any, Any, RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server's answer.

        Raises:
            psycopg.OperationalError: it took longer than the deadline; the connection is closed.
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
            raise psycopg.OperationalError(f"the server did not answer within {limit:g} s") from error


def is_gone(error: BaseException | None) -> bool:
    """Whether a driver's error means that the server does not answer, rather than that it said no."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # No code: the driver itself says so. Class 08: connection exceptions; 57P01 to 57P03: shutting down, starting.
    code = error.sqlstate
    return code is None or code.startswith(("08", "57P"))
