"""Send events to the receivers of the settings, each in order, until they are accepted."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import structlog

from services.catalog.database import now
from services.catalog.webhooks import Progress, WebhookStore
from services.domain.webhooks import Event
from services.webhooks import signing

SETTLED_AFTER = timedelta(seconds=5)
"""Age at which events are sent: until then, another transaction may still commit an earlier one."""

TIMEOUT_SECONDS = 5.0
BATCH = 50
"""Events that are read at once."""

RUN = timedelta(seconds=90)
"""Time that all receivers share, below the limit of a task. One that answers slowly continues in the next run."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)
"""Time until the next attempt: it doubles with each failure in a row."""

KEPT = timedelta(days=3)
"""Age from which on an event that is not accepted is dropped."""

REPEATABLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that may end, as those of the status 5xx; all others are final."""

log = structlog.get_logger()


class Outcome(Enum):
    """What a receiver did with an event."""

    ACCEPTED = auto()
    REFUSED = auto()
    UNAVAILABLE = auto()


class Sender:
    """Signs events and sends them. It follows no redirect and asks no proxy, so it reaches these addresses only."""

    def __init__(self, secret: str, client: httpx.Client) -> None:
        self._secret = secret
        self._client = client

    @classmethod
    @contextmanager
    def open(cls, secret: str) -> Iterator["Sender"]:
        """Open the connections of a sender."""
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
            yield cls(secret, client)

    def send(self, url: str, event: Event) -> Outcome:
        """Send an event once."""
        message = {"type": event.type, "timestamp": event.position.at.isoformat(), "data": event.data}
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = signing.headers(self._secret, event.id, int(time.time()), body)
        try:
            with self._client.stream(
                "POST", url, content=body, headers={**headers, "Content-Type": "application/json"}
            ) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning(
                "webhook_unavailable", host=urlsplit(url).hostname, message=event.id, reason=type(error).__name__
            )
            return Outcome.UNAVAILABLE
        if answer.is_success:
            return Outcome.ACCEPTED
        log.warning("webhook_refused", host=urlsplit(url).hostname, message=event.id, status=status)
        return Outcome.UNAVAILABLE if answer.is_server_error or status in REPEATABLE else Outcome.REFUSED


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tells receivers what happened since they were told last."""

    store: WebhookStore
    sender: Sender
    renew: Callable[[], None]
    """Called after each request, to keep the right to send."""
    clock: Callable[[], datetime] = now

    def run(self, urls: Sequence[str]) -> None:
        """Send every receiver its events. One that is not available does not stop the others."""
        for url in urls:
            progress = self.store.progress(url)
            if progress.retry_at is None or progress.retry_at <= self.clock():
                self._tell(url, progress, RUN / len(urls))

    def _tell(self, url: str, progress: Progress, turn: timedelta) -> None:
        begun = self.clock()
        while events := self.store.following(progress.positions, begun - SETTLED_AFTER, BATCH):
            for event in events:
                outcome = self.sender.send(url, event)
                self.renew()
                if outcome is Outcome.UNAVAILABLE and self.clock() - event.position.at < KEPT:
                    self.store.keep(url, self._later(progress))
                    return
                if outcome is not Outcome.ACCEPTED:
                    log.warning("webhook_event_dropped", host=urlsplit(url).hostname, message=event.id)
                progress = Progress({**progress.positions, event.type: event.position})
                self.store.keep(url, progress)
                if self.clock() - begun >= turn:
                    log.info("webhook_continues_later", host=urlsplit(url).hostname)
                    return

    def _later(self, progress: Progress) -> Progress:
        pause = min(FIRST_PAUSE * 2 ** min(progress.failures, 10), LONGEST_PAUSE)
        return replace(progress, failures=progress.failures + 1, retry_at=self.clock() + pause)
