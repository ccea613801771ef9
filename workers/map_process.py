"""Fit a map in a process of its own, which the kernel ends with this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

import structlog

from models.layout.messages import Fitted, Order
from services.local.child_process import LAUNCHER

RENEW_SECONDS = 1.0
"""Time between two calls of `renew`."""

log = structlog.get_logger()


def fit_in_process(order: Order, method: str, renew: Callable[[], None]) -> Fitted | None:
    """Fit a map and call `renew` meanwhile; None if the process failed, which is logged."""
    with TemporaryDirectory(prefix="segue-map-") as folder:
        # numba writes compiled code beside its packages, which may be read-only, unless this variable names a folder.
        variables = {"NUMBA_CACHE_DIR": folder, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(  # noqa: S603  the command is ours
            [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *_command(method)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | variables,
        ) as process:
            try:
                answer, errors = _exchange(process, order.encode(), renew)
            except BaseException:
                process.kill()
                raise
    if process.returncode == 0:
        return Fitted.decode(answer)
    reason = errors.decode(errors="replace").strip().rpartition("\n")[2]
    log.error("map_not_fitted", method=method, exit_code=process.returncode, reason=reason)
    return None


def _command(method: str) -> list[str]:
    return [sys.executable, "-P", "-W", "ignore", "-m", "models.layout", method]


def _exchange(process: "subprocess.Popen[bytes]", message: bytes, renew: Callable[[], None]) -> tuple[bytes, bytes]:
    remaining: bytes | None = message
    while True:
        try:
            return process.communicate(remaining, timeout=RENEW_SECONDS)
        except subprocess.TimeoutExpired:
            remaining = None  # the rest is sent by the next call
            renew()
