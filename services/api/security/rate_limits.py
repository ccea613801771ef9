"""How many requests one key or address may make. A limiter that breaks is logged, counted, and lets everyone through.

With Qdrant Edge there is one API process, which counts in its own memory. With a Qdrant server there may be many, on
many machines: they count together in the broker, and each for itself while the broker is away.
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

from services.domain.access import LOCAL
from services.domain.errors import TooManyRequests
from services.settings import Settings


def is_this_machine(address: str | None) -> bool:
    """Whether a peer's address is one of this machine alone."""
    if not address:
        return True  # a unix socket
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


EXTENSION = "segue.limiter"

REFUSALS = "segue.refusals"
"""Where the application keeps its limit of wrong keys, or wrong passwords, from one address.

Of keys it stops no guess, for there is nothing to guess: it keeps a script that runs wild from filling log and
catalogue, and right keys are never held up by it. A password can be guessed: after so many wrong ones the right one has
to wait as well.
"""

CHECKS = parse("120/minute")
"""Readiness checks from one address: an orchestrator asks every few seconds."""

STORAGE_TIMEOUT_SECONDS = 0.25
"""The broker answers in a millisecond; one that does not must not hold up requests that need nothing else of it."""

log = structlog.get_logger(__name__)


class CountedFailures(logging.Handler):
    """Flask-Limiter tells of its troubles in its log only: this counts them and passes them on to ours."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(logging.WARNING)
        self._failures = Counter(
            "segue_rate_limiter_failures", "Times that requests could not be counted as they should.", registry=registry
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Count and log."""
        self._failures.inc()
        log.warning("rate_limiter_failed", reason=record.getMessage(), exc_info=record.exc_info)


def install_limits(app: Flask, settings: Settings, registry: CollectorRegistry) -> None:
    """Count every request that is not open to all; those from the machine itself only if they come with a key."""
    limiter = Limiter(
        key_func=_who_asks,
        application_limits=[
            ApplicationLimit(f"{count}/minute", scope=scope, exempt_when=exempt)
            for count, scope, exempt in (
                (settings.rate_limit, "all", _is_uncounted),
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
    app.extensions[REFUSALS] = parse(f"{settings.refusal_rate_limit}/minute") if settings.refusal_rate_limit else None
    app.register_error_handler(RateLimitExceeded, _from_exceeded)


def storage_uri(settings: Settings) -> str:
    """Where requests are counted."""
    if settings.qdrant_url is None or settings.redis_url is None:
        return "memory://"
    return settings.redis_url.get_secret_value().replace("redis+socket://", "redis+unix://", 1)


def count_refusal(address: str) -> None:
    """Count a wrong key or password.

    Raises:
        TooManyRequests: there were too many from this address.
    """
    _hold(current_app.extensions[REFUSALS], "refused", address, counted=True)


def refuse_guessing(address: str) -> None:
    """Hold a password up where too many wrong ones came before it.

    Raises:
        TooManyRequests: there were too many from this address.
    """
    _hold(current_app.extensions[REFUSALS], "refused", address, counted=False)


def count_check(address: str | None) -> None:
    """Count a readiness check, unless it comes from the machine itself: it is open to all and asks every part.

    Raises:
        TooManyRequests: there were too many from this address.
    """
    if address is not None and not is_this_machine(address):
        _hold(CHECKS, "checked", address, counted=True)


def _hold(limit: RateLimitItem | None, what: str, address: str, *, counted: bool) -> None:
    if limit is None:
        return
    limiter: Limiter = current_app.extensions[EXTENSION]
    try:
        if (limiter.limiter.hit if counted else limiter.limiter.test)(limit, what, address):
            return
        window = limiter.limiter.get_window_stats(limit, what, address)
    except Exception as error:  # noqa: BLE001  whatever a storage raises: a limiter that breaks lets through
        limiter.logger.warning("Requests that were %s could not be counted: %s", what, error)
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


def _who_asks() -> str:
    return str(g.principal.name)


def _is_uncounted() -> bool:
    # Open views have no principal. Who sits at the machine needs no API to overload it.
    return "principal" not in g or g.principal == LOCAL


def _is_cheap() -> bool:
    return _is_uncounted() or not g.access.expensive


def _from_exceeded(error: RateLimitExceeded) -> Response:
    del error
    limiter: Limiter = current_app.extensions[EXTENSION]
    reset_at = limiter.current_limit.reset_at if limiter.current_limit is not None else time.time()
    # By way of the error handlers: blueprints may answer errors in the manner of an API of others.
    return current_app.make_response(current_app.handle_user_exception(_too_many(reset_at)))
