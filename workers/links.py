"""The hourly sync of linked servers."""

from datetime import timedelta

import structlog

from services.catalog.database import now
from services.domain.errors import AlreadyRunning, SegueError
from services.links.opening import opened
from services.links.syncing import sync
from workers.lifecycle import ChildContext

SYNC_EVERY = timedelta(hours=1)

log = structlog.get_logger()


def sync_due(context: ChildContext) -> None:
    """Sync the links that are due. One that fails is due again with the next task."""
    for link in context.catalogue.links.all():
        if link.synced_at is not None and now() - link.synced_at < SYNC_EVERY:
            continue
        try:
            with opened(context.settings, link) as server:
                synced = sync(context.catalogue, link, server)
        except AlreadyRunning:
            continue
        except SegueError as error:
            log.warning("link_not_synced", link=link.name, reason=error.detail)
        else:
            counts = synced.counts
            log.info("link_synced", link=link.name, songs=counts.songs, unmatched=counts.unmatched, gone=synced.gone)
