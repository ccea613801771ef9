"""Stops asking a part that does not answer, and finds out by itself when it does again.

Ours, because of the two libraries there are one lets every caller through at once when it tries again, and each of
them then waits out the whole timeout, and the other lets only one call at a time run even when all is well.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

# Failures in a row. One may be a connection that was cut; a part that is gone fails every time.
FAILURES = 3
# As long as a client is told to wait after a 503 (RETRY_AFTER_SECONDS).
RETRY_SECONDS = 5.0


class CircuitOpen(Exception):  # noqa: N818  a state, which each part turns into an error of its own
    """The part failed several times in a row and is not asked for now."""

    def __init__(self) -> None:
        super().__init__("it failed several times in a row and is asked again in a few seconds")


class Circuit:
    """One part as one process sees it; may be used from several threads.

    After `FAILURES` failures in a row it is open: calls are refused at once. Every `RETRY_SECONDS` one call, and one
    only, is let through; if that succeeds the circuit is closed again.
    """

    def __init__(self, is_failure: Callable[[Exception], bool], *, clock: Callable[[], float] = time.monotonic) -> None:
        """`is_failure` tells errors that mean "does not answer" from errors that are answers."""
        self._is_failure = is_failure
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._is_tried = False

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around a call to the part.

        Raises:
            CircuitOpen: the part is not asked now.
        """
        is_trial = self._enter()
        try:
            yield
        except Exception as error:
            self._leave(failed=self._is_failure(error), is_trial=is_trial)
            raise
        except BaseException:  # the caller was interrupted, which says nothing about the part
            self._leave(failed=None, is_trial=is_trial)
            raise
        else:
            self._leave(failed=False, is_trial=is_trial)

    def _enter(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return False
            if self._is_tried or self._clock() < self._retry_at:
                raise CircuitOpen
            self._is_tried = True
            return True

    def _leave(self, *, failed: bool | None, is_trial: bool) -> None:
        with self._lock:
            if is_trial:
                self._is_tried = False
            if failed:
                self._failures += 1
                self._retry_at = self._clock() + RETRY_SECONDS
            elif failed is False:
                self._failures = 0
