"""When a key was last used, written after the answer is out: nobody waits for it, nothing fails with it."""

import time

import structlog
from flask import Response, after_this_request, current_app

from services.api.context import services
from services.catalog.keys import LAST_USED_EVERY
from services.domain.access import ApiKey
from services.domain.errors import SegueError

EXTENSION = "segue.key_use"

log = structlog.get_logger(__name__)


def note_use(key: ApiKey) -> None:
    """Note the use of a key, unless this process has done so just now."""
    noted: dict[str, float] = current_app.extensions.setdefault(EXTENSION, {})
    if time.monotonic() - noted.get(key.id, -float("inf")) < LAST_USED_EVERY.total_seconds():
        return
    noted[key.id] = time.monotonic()
    store = services().catalogue.keys

    def write() -> None:
        try:
            store.note_use(key.id)
        except SegueError as error:
            log.warning("key_use_not_noted", key=key.id, reason=error.detail)

    @after_this_request
    def when_sent(response: Response) -> Response:
        response.call_on_close(write)
        return response
