"""The daily refresh of smart playlists."""

import structlog

from services.composition import compose_smart_playlists
from services.domain.errors import SegueError
from services.domain.vector_index import TRACKS, VectorSearch
from services.index.exact import ExactIndex
from workers.lifecycle import ChildContext

LEASE_SECONDS = 120.0
"""How long another worker waits for one that died; a refresh of one playlist takes less, also in a large library."""

log = structlog.get_logger()


def refresh_due(context: ChildContext) -> None:
    """Refresh the smart playlists that are due, unless another worker does. One that fails is due again later."""
    playlists = context.catalogue.playlists
    due = playlists.due()
    if not due:
        return
    smart = compose_smart_playlists(context.settings, context.catalogue, search_index(context))
    with context.queue.lease("playlists", LEASE_SECONDS) as lease:
        if lease is None:
            return
        for playlist_id in due:
            try:
                smart.refresh(playlists.get(playlist_id))
                log.info("playlist_refreshed", playlist_id=playlist_id)
            except SegueError as error:
                log.warning("playlist_not_refreshed", playlist_id=playlist_id, reason=error.detail)
            lease.renew()


def search_index(context: ChildContext) -> VectorSearch:
    """Return the Qdrant server, or the catalogue if the API process holds the index."""
    if context.settings.qdrant_url is not None:
        return context.server_index
    return ExactIndex(context.catalogue.queue_of(TRACKS))
