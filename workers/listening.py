"""What the users of linked servers play, hear and star between two syncs."""

from datetime import timedelta

import structlog

from services.domain.errors import AlreadyRunning, SegueError
from services.domain.links import Link, LinkKind, LinkWork
from services.links.listening import note_playing, pull
from services.links.opening import opened
from services.tasks.now_playing import NowPlaying
from workers.lifecycle import ChildContext

LISTENING_EVERY = timedelta(minutes=10)

log = structlog.get_logger()


def follow(context: ChildContext) -> None:
    """Read every ten minutes what the users heard and starred, and each minute what they play now."""
    due = context.catalogue.link_runs.due(LinkWork.LISTENING, LISTENING_EVERY)
    for link in context.catalogue.links.all():
        try:
            if link.name in due or _tells_playing(context, link):
                _follow(context, link, has_listening=link.name in due)
        except AlreadyRunning:
            continue
        except SegueError as error:
            log.warning("link_not_followed", link=link.name, reason=error.detail)


def _follow(context: ChildContext, link: Link, *, has_listening: bool) -> None:
    with opened(context.settings, link) as server:
        if has_listening:
            heard = pull(context.catalogue, link, server)
            log.info("link_followed", link=link.name, plays=heard.plays, opinions=heard.opinions)
        if _tells_playing(context, link):
            note_playing(context.catalogue, NowPlaying(context.queue), link, server)


def _tells_playing(context: ChildContext, link: Link) -> bool:
    """Return whether a server is asked each minute: not Jellyfin, which logs every sign-in, and not one that failed."""
    run = context.catalogue.link_runs.find(link.name, LinkWork.LISTENING)
    return link.kind == LinkKind.SUBSONIC and run is not None and run.failure is None
