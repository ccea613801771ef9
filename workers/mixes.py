"""The daily push of mixes to linked servers."""

from collections import Counter
from datetime import UTC, datetime

import structlog

from services.composition import compose_mixes
from services.domain.errors import AlreadyRunning, SegueError
from services.domain.links import LinkWork
from services.links.opening import opened
from services.mixes.push import PUSH_EVERY, Pusher
from services.mixes.rules import read_rules
from workers.lifecycle import ChildContext
from workers.playlists import search_index

log = structlog.get_logger()


def push_due(context: ChildContext) -> None:
    """Push the mixes to the servers that got some before and are due. One that fails is due again in an hour."""
    settings, catalogue = context.settings, context.catalogue
    due = catalogue.link_runs.due(LinkWork.MIXES, PUSH_EVERY, begun=True)
    if not due:
        return
    pusher = Pusher(catalogue, compose_mixes(settings, catalogue, search_index(context)))
    for name in due:
        try:
            link = catalogue.links.get(name)
            with opened(settings, link) as server:
                pushed = pusher.push(link, server, read_rules(settings.data_path), datetime.now(UTC).date())
        except AlreadyRunning:
            continue
        except SegueError as error:
            log.warning("mixes_not_pushed", link=name, reason=error.detail)
        else:
            counts = Counter(each.action.value for each in pushed)
            log.info("mixes_pushed", link=name, **counts)
