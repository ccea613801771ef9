"""List the songs of a linked server and match them to tracks."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.catalog import Catalogue
from services.catalog.database import batched
from services.domain.errors import AlreadyRunning, SegueError, SongsGone
from services.domain.external_ids import VALUE_MAX
from services.domain.links import Link, LinkCounts, place_of
from services.links.listening import Heard, Listening
from services.links.matching import Matcher, Wanted, linked, sought
from services.links.server import RemoteSong, Server

# Songs that are matched in one pass: few enough for little memory, many enough for few statements.
BATCH = 5000

RENEW_SECONDS = 60.0
"""Time after which the claim on a link is renewed."""

FEW_GONE = 10
"""Songs that may go at once, if others stay. More may go if they are not the most of the link."""


@dataclass(frozen=True, slots=True)
class Synced:
    """The result of a sync: how many songs are tracks, how many are gone from the server, and what was heard there."""

    counts: LinkCounts
    gone: int
    heard: Heard


class _Claim:
    """A link that this process syncs, and no other one."""

    def __init__(self, catalogue: Catalogue, name: str) -> None:
        self._links, self._name = catalogue.links, name
        self._until = self._mine(self._links.begin_sync(name))
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Renew the claim.

        Raises:
            AlreadyRunning: it expired, and another process has the link.
        """
        self._until = self._mine(self._links.renew_sync(self._name, self._until))
        self._renewed = time.monotonic()

    def renewing(self, songs: Iterable[RemoteSong]) -> Iterator[RemoteSong]:
        """Yield songs and renew the claim while they come."""
        for song in songs:
            if time.monotonic() - self._renewed >= RENEW_SECONDS:
                self.renew()
            yield song

    def end(self, failure: str | None, *, listed: bool) -> None:
        """Give the claim back, and store whether all songs were listed, and why the sync failed, if it did."""
        self._links.end_sync(self._name, self._until, failure, listed=listed)

    def _mine(self, until: datetime | None) -> datetime:
        if until is None:
            raise AlreadyRunning(f"The songs of '{self._name}' are being listed by another process. Try again later.")
        return until


def sync(catalogue: Catalogue, link: Link, server: Server, *, may_empty: bool = False) -> Synced:
    """List the songs of a linked server, match them to tracks, and forget those that are gone.

    The play counts, stars and ratings that the songs have are taken over, too.

    Raises:
        AlreadyRunning: another process does this now.
        LinkedServerUnavailable, LinkedServerRefused: the link keeps the songs that were not listed.
        SongsGone: so it does if the server lists few of the songs that the link has, unless with `may_empty`.
    """
    claim = _Claim(catalogue, link.name)
    listening = Listening(catalogue, link)
    failure: str | None = "The sync was stopped."
    listed = False
    try:
        gone = _list_songs(catalogue, link, server, listening, claim)
        listed = True
        _check_gone(catalogue, link, gone, may_empty=may_empty)
        claim.renew()
        # Files first: if the process stops between, the next sync still finds the songs.
        downloaded = gone.intersection(catalogue.links.downloaded(link.name))
        catalogue.library.forget_files([place_of(link.name, song) for song in sorted(downloaded)])
        catalogue.links.forget(link.name, gone)
        failure = None
    except SegueError as error:
        failure = error.detail
        raise
    finally:
        claim.end(failure, listed=listed)
    return Synced(catalogue.links.counts(link.name), len(gone), listening.heard)


def _list_songs(catalogue: Catalogue, link: Link, server: Server, listening: Listening, claim: _Claim) -> set[str]:
    """Match all songs, and read what was heard of them; return those that the link has and the server has not."""
    server.check()
    listening.read_reports(server)  # first, because play counts are compared with the plays that have a time
    claim.renew()
    listed = set[str]()
    for songs in batched(claim.renewing(server.songs()), BATCH):
        new = {song.id: song for song in songs if len(song.id) <= VALUE_MAX and song.id not in listed}
        _match(catalogue, link, list(new.values()))
        listening.read(list(new.values()))
        listed.update(new)
    gone = catalogue.links.known(link.name) - listed
    if gone:
        # A song may slip from one page to another that was read before. One that a second list lacks too is gone.
        gone -= {song.id for song in claim.renewing(server.songs())}
    return gone


def _check_gone(catalogue: Catalogue, link: Link, gone: set[str], *, may_empty: bool) -> None:
    """Refuse to forget most songs: a disk that is not mounted, or an index that is being built, looks like that."""
    known = len(catalogue.links.known(link.name))
    is_most = len(gone) == known or (len(gone) > FEW_GONE and 2 * len(gone) > known)
    if gone and is_most and not may_empty:
        raise SongsGone(
            f"{len(gone):,} of the {known:,} songs of '{link.name}' are gone from the server. Segue forgets them only "
            f"if `segue link sync {link.name}` is confirmed."
        )


def _match(catalogue: Catalogue, link: Link, songs: Sequence[RemoteSong]) -> None:
    known = catalogue.links.registered(link.name, [song.id for song in songs])
    wanted = [Wanted(song) for song in songs if song.id not in known]
    matcher = Matcher(catalogue.links.candidates(sought(wanted)))
    found = {each.song.id: matcher.match(each) for each in wanted}
    catalogue.links.record(link.name, [linked(song, known.get(song.id) or found.get(song.id)) for song in songs])
