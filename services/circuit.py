"""A circuit breaker for PostgreSQL, the broker and each Qdrant server.

Libraries do not fit: `circuitbreaker` lets all callers through when it retries, so each waits for the whole timeout;
`pybreaker` runs one call at a time even while all calls succeed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

# Consecutive failures that open the circuit. A single one may be a lost connection.
FAILURES = 3
# The same time as in the Retry-After header of a 503 response (RETRY_AFTER_SECONDS).
RETRY_SECONDS = 5.0


class CircuitOpen(Exception):  # noqa: N818  callers convert it to their own error
    """The circuit is open: calls fail at once."""

    def __init__(self) -> None:
        super().__init__("it failed several times in a row; the next attempt is in a few seconds")


class Circuit:
    """The circuit breaker of one dependency in one process; thread-safe.

    After `FAILURES` consecutive failures the circuit opens and calls fail at once. Every `RETRY_SECONDS` one trial call
    is allowed; if it succeeds, the circuit closes.
    """

    def __init__(self, is_failure: Callable[[Exception], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`is_failure` returns whether an error means that the dependency is unavailable."""
        self._is_failure = is_failure
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._trial_runs = False

    @property
    def is_open(self) -> bool:
        """Whether the last calls failed."""
        return self._failures >= FAILURES

    @contextmanager
    def call(self) -> Iterator[None]:
        """Wrap a call to the dependency.

        Raises:
            CircuitOpen: the circuit is open, and this is not the trial call.
        """
        is_trial = self._enter()
        try:
            yield
        except Exception as error:
            self._leave(failed=self._is_failure(error), is_trial=is_trial)
            raise
        except BaseException:  # an interrupted call is neither a success nor a failure
            self._leave(failed=None, is_trial=is_trial)
            raise
        else:
            self._leave(failed=False, is_trial=is_trial)

    def _enter(self) -> bool:
        with self._lock:
            if not self.is_open:
                return False
            if self._trial_runs or self._clock() < self._retry_at:
                raise CircuitOpen
            self._trial_runs = True
            return True

    def _leave(self, *, failed: bool | None, is_trial: bool) -> None:
        with self._lock:
            if is_trial:
                self._trial_runs = False
            if failed:
                self._failures += 1
                self._retry_at = self._clock() + RETRY_SECONDS
            elif failed is False:
                self._failures = 0
