"""List the songs of a linked server and match them to tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.catalog import Catalogue
from services.catalog.database import batched
from services.domain.errors import AlreadyRunning, SegueError
from services.domain.external_ids import VALUE_MAX
from services.domain.links import Link, LinkCounts, place_of
from services.links.listening import Heard, Listening
from services.links.matching import Matcher, Wanted, linked, sought
from services.links.server import RemoteSong, Server

# Songs that are matched in one pass: few enough for little memory, many enough for few statements.
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Synced:
    """The result of a sync: how many songs are tracks, how many are gone from the server, and what was heard there."""

    counts: LinkCounts
    gone: int
    heard: Heard


def sync(catalogue: Catalogue, link: Link, server: Server) -> Synced:
    """List the songs of a linked server, match them to tracks, and forget those that are gone.

    The play counts, stars and ratings that the songs have are taken over, too.

    Raises:
        AlreadyRunning: another process does this now.
        LinkedServerUnavailable, LinkedServerRefused: the link keeps the songs that were not listed.
    """
    links = catalogue.links
    if not links.begin_sync(link.name):
        raise AlreadyRunning(f"The songs of '{link.name}' are being listed by another process. Try again later.")
    listening = Listening(catalogue, link)
    failure: str | None = "The sync was stopped."
    try:
        gone = _list_songs(catalogue, link, server, listening)
        failure = None
    except SegueError as error:
        failure = error.detail
        raise
    finally:
        links.end_sync(link.name, failure)
    return Synced(links.counts(link.name), gone, listening.heard)


def _list_songs(catalogue: Catalogue, link: Link, server: Server, listening: Listening) -> int:
    """Match all songs, read what was heard of them, and forget those that are gone; return their number."""
    server.check()
    listening.read_reports(server)  # first, because play counts are compared with the plays that have a time
    listed = set[str]()
    for songs in batched(server.songs(), BATCH):
        new = {song.id: song for song in songs if len(song.id) <= VALUE_MAX and song.id not in listed}
        _match(catalogue, link, list(new.values()))
        listening.read(list(new.values()))
        listed.update(new)
    gone = catalogue.links.known(link.name) - listed
    if gone:
        # A song may slip from one page to another that was read before. One that a second list lacks too is gone.
        gone -= {song.id for song in server.songs()}
    downloaded = catalogue.links.forget(link.name, gone)
    catalogue.library.forget_files([place_of(link.name, song) for song in downloaded])
    return len(gone)


def _match(catalogue: Catalogue, link: Link, songs: Sequence[RemoteSong]) -> None:
    known = catalogue.links.registered(link.name, [song.id for song in songs])
    wanted = [Wanted(song) for song in songs if song.id not in known]
    matcher = Matcher(catalogue.links.candidates(sought(wanted)))
    found = {each.song.id: matcher.match(each) for each in wanted}
    catalogue.links.record(link.name, [linked(song, known.get(song.id) or found.get(song.id)) for song in songs])
