"""Rate limits per key and per address. If the limiter fails, the failure is logged and counted and requests pass.

Without a Qdrant server there is one API process, which counts in memory. With one there may be many API processes.
They count together in the broker, and each alone while the broker is unavailable.
"""

import logging
import math
import time
from ipaddress import IPv6Address, ip_address
from typing import Any

import structlog
from flask import Flask, Response, current_app, g
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.errors import RateLimitExceeded
from limits import RateLimitItem, parse
from prometheus_client import CollectorRegistry, Counter
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.api.request_limits import LISTENER_MAX
from services.domain.errors import TooManyRequests
from services.settings import Settings


def is_local_address(address: str | None) -> bool:
    """Whether a client's address is a loopback address of this machine."""
    if not address:
        return True  # a unix socket
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


EXTENSION = "segue.limiter"

FAILED_ATTEMPTS = "segue.failed_attempts"
"""The application's limit for wrong keys from one address, and for wrong passwords of one user from one address.

Keys cannot be guessed. For them the limit protects log and catalogue from faulty scripts, and valid keys always pass.
Passwords can be guessed, so after too many wrong ones the right one has to wait as well. A household has one address,
so a player with an old password must not lock out the other users.
"""

USER_MAX = LISTENER_MAX
"""Characters of a user's name that are counted. No account has a longer name."""

CHECKS = parse("120/minute")
"""Readiness checks from one address. An orchestrator sends one every few seconds."""

STORAGE_TIMEOUT_SECONDS = 0.25
"""The broker responds within a millisecond. A frozen broker must not delay requests that do not need it."""

log = structlog.get_logger(__name__)


class CountedFailures(logging.Handler):
    """Counts the failures that Flask-Limiter logs, and logs them in Segue's format."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(logging.WARNING)
        self._failures = Counter(
            "segue_rate_limiter_failures", "Failures to count a request for rate limits.", registry=registry
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Count and log."""
        self._failures.inc()
        log.warning("rate_limiter_failed", reason=record.getMessage(), exc_info=record.exc_info)


def install_limits(app: Flask, settings: Settings, registry: CollectorRegistry) -> None:
    """Limit all requests to views that are not public. Local requests are limited only if they have a key."""
    limiter = Limiter(
        key_func=_principal_name,
        application_limits=[
            ApplicationLimit(f"{count}/minute", scope=scope, exempt_when=exempt)
            for count, scope, exempt in (
                (settings.rate_limit, "all", _is_unlimited),
                (settings.expensive_rate_limit, "expensive", _is_cheap),
            )
            if count
        ],
        storage_uri=storage_uri(settings),
        storage_options=_storage_options(settings),
        strategy="sliding-window-counter",
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    limiter.logger.handlers = [CountedFailures(registry)]
    limiter.logger.propagate = False
    limiter.init_app(app)
    app.extensions[EXTENSION] = limiter
    app.extensions[FAILED_ATTEMPTS] = (
        parse(f"{settings.refusal_rate_limit}/minute") if settings.refusal_rate_limit else None
    )
    app.register_error_handler(RateLimitExceeded, _from_exceeded)


def storage_uri(settings: Settings) -> str:
    """Return the storage URI of the limiter."""
    if settings.qdrant_url is None or settings.redis_url is None:
        return "memory://"
    return settings.redis_url.get_secret_value().replace("redis+socket://", "redis+unix://", 1)


def count_failed_attempt(address: str, user: str = "") -> None:
    """Count a wrong key, or a wrong password of a user.

    Raises:
        TooManyRequests: the address exceeds the limit.
    """
    _limit(current_app.extensions[FAILED_ATTEMPTS], "refused", address, user[:USER_MAX], counted=True)


def refuse_after_failed_attempts(address: str, user: str) -> None:
    """Refuse a password of a user, right or wrong, after too many wrong ones.

    Raises:
        TooManyRequests: the address exceeds the limit.
    """
    _limit(current_app.extensions[FAILED_ATTEMPTS], "refused", address, user[:USER_MAX], counted=False)


def count_readiness_check(address: str | None) -> None:
    """Count a readiness check that is not local, because it is public and queries every part.

    Raises:
        TooManyRequests: the address exceeds the limit.
    """
    if address is not None and not is_local_address(address):
        _limit(CHECKS, "checked", address, counted=True)


def _limit(limit: RateLimitItem | None, *counter: str, counted: bool) -> None:
    if limit is None:
        return
    limiter: Limiter = current_app.extensions[EXTENSION]
    try:
        if (limiter.limiter.hit if counted else limiter.limiter.test)(limit, *counter):
            return
        window = limiter.limiter.get_window_stats(limit, *counter)
    except Exception as error:  # noqa: BLE001  storages raise errors of their own; a failing limiter lets requests pass
        limiter.logger.warning("Could not count requests (%s): %s", counter[0], error)
        return
    raise _too_many(window.reset_time)


def _too_many(reset_at: float) -> TooManyRequests:
    return TooManyRequests(max(1, math.ceil(reset_at - time.time())))


def _storage_options(settings: Settings) -> dict[str, Any]:
    if storage_uri(settings) == "memory://":
        return {}
    return {
        "socket_timeout": STORAGE_TIMEOUT_SECONDS,
        "socket_connect_timeout": STORAGE_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }


def _principal_name() -> str:
    return str(g.principal.name)


def _is_unlimited() -> bool:
    # Public views have no principal. Local clients could overload the machine without the API.
    return "principal" not in g or g.principal.key_id is None or g.access.media


def _is_cheap() -> bool:
    return _is_unlimited() or not g.access.expensive


def _from_exceeded(error: RateLimitExceeded) -> Response:
    del error
    limiter: Limiter = current_app.extensions[EXTENSION]
    reset_at = limiter.current_limit.reset_at if limiter.current_limit is not None else time.time()
    # Through the error handlers, because blueprints may render errors in the format of another API.
    return current_app.make_response(current_app.handle_user_exception(_too_many(reset_at)))
