"""Open a linked server by its kind."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from services.domain.links import Link, LinkKind
from services.links.jellyfin import JellyfinServer
from services.links.passwords import password_of
from services.links.server import Server
from services.links.subsonic import SubsonicServer
from services.settings import Settings

_KINDS: Mapping[LinkKind, Callable[[str, str, str], Server]] = {
    LinkKind.SUBSONIC: SubsonicServer,
    LinkKind.JELLYFIN: JellyfinServer,
}


def server_of(link: Link, password: str) -> Server:
    """Return a linked server; close it when it is no longer needed.

    Raises:
        InvalidRequest: its address is no URL.
    """
    return _KINDS[link.kind](link.url, link.user, password)


@contextmanager
def opened(settings: Settings, link: Link) -> Iterator[Server]:
    """Open a linked server with its stored password.

    Raises:
        NotConfigured: this machine does not have the password.
    """
    with closing(server_of(link, password_of(settings, link.name))) as server:
        yield server
