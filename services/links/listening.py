"""Take over what the user of a linked server heard and judged, as listens and verdicts of the link's listener."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from services.catalog import Catalogue
from services.catalog.database import batched
from services.domain.links import Link, LinkWork, Opinion
from services.domain.listening import NewListen
from services.links.server import PlaybackReport, RemoteSong, Server
from services.tasks.now_playing import NowPlaying, Playing

SAME_PLAY = timedelta(minutes=10)
"""The last play of a song is a stored one if their times differ by less: scrobblers send the time of the start or the
end."""

REPORTS_AGAIN = timedelta(days=1)
"""Reports of this time before the last run are read again, because a server may store them late."""

BATCH = 1000
"""Listens that are stored in one transaction."""


@dataclass(slots=True)
class Heard:
    """The numbers of new plays, of songs with plays without a time, and of changed stars and ratings."""

    plays: int = 0
    undated: int = 0
    opinions: int = 0


class Listening:
    """Takes over what the user of one linked server heard and judged. Repeating it changes nothing."""

    def __init__(self, catalogue: Catalogue, link: Link) -> None:
        self._catalogue = catalogue
        self._link = link
        self.heard = Heard()

    def read(self, songs: Sequence[RemoteSong]) -> None:
        """Take over play counts, last plays, stars and ratings of songs that are tracks."""
        tracks = self._catalogue.links.track_ids(self._link.name, [song.id for song in songs])
        known = [song for song in songs if song.id in tracks]
        self._count(known, tracks)
        stars = {song.id: song.starred_at for song in known if song.starred_at is not None}
        self._judge({song.id: Opinion(song.id in stars, song.rating) for song in known}, stars, tracks)

    def read_stars(self, server: Server) -> None:
        """Take over which songs have a star, without listing all songs."""
        ratings, stars = dict[str, int | None](), dict[str, datetime]()
        for song in server.starred():
            ratings[song.id], stars[song.id] = song.rating, song.starred_at or datetime.now(UTC)
        store = self._catalogue.link_opinions
        gone = store.of_songs(self._link.name, store.starred(self._link.name) - stars.keys())
        opinions = {song: Opinion(starred=True, rating=rating) for song, rating in ratings.items()}
        opinions |= {song: Opinion(starred=False, rating=old.rating) for song, old in gone.items()}
        tracks = self._catalogue.links.track_ids(self._link.name, opinions)
        self._judge({song: opinions[song] for song in tracks}, stars, tracks)

    def read_reports(self, server: Server) -> None:
        """Take over plays that the server recorded with their times."""
        run = self._catalogue.link_runs.find(self._link.name, LinkWork.LISTENING)
        since = None if run is None or run.ended_at is None else run.ended_at - REPORTS_AGAIN
        for reports in batched(server.playback_reports(since), BATCH):
            self._add(map(self._reported, reports))

    def _reported(self, report: PlaybackReport) -> NewListen:
        key = f"{self._link.name}:report:{report.song_id}:{report.at.timestamp():.0f}"
        return NewListen(names=(self._name(report.song_id),), at=report.at, played_ms=report.played_ms, key=key)

    def _count(self, songs: Sequence[RemoteSong], tracks: Mapping[str, str]) -> None:
        """Store the last plays of songs, and how many plays they have besides those with a time."""
        last, undated = [], {}
        for song in songs:
            if song.play_count > 0:
                times = self._times[tracks[song.id]]
                if song.played_at is not None and not any(abs(song.played_at - at) < SAME_PLAY for at in times):
                    times.append(song.played_at)
                    key = f"{self._link.name}:played:{song.id}:{song.played_at.timestamp():.0f}"
                    last.append(NewListen(names=(self._name(song.id),), at=song.played_at, key=key))
                undated[self._name(song.id)] = tracks[song.id], max(0, song.play_count - len(times))
        self._add(last)
        changed = {name: each for name, each in undated.items() if each != self._undated.get(name, (each[0], 0))}
        self._catalogue.play_counts.set_undated(self._link.listener, changed)
        self.heard.undated += sum(count > 0 for _, count in undated.values())

    @cached_property
    def _undated(self) -> dict[str, tuple[str, int]]:
        """The plays without a time that are stored, read once."""
        return self._catalogue.play_counts.undated(self._link.listener)

    @cached_property
    def _times(self) -> defaultdict[str, list[datetime]]:
        """The times of the listener's plays by track, read once and kept up to date."""
        return self._catalogue.play_counts.dated(self._link.listener)

    def _judge(self, opinions: Mapping[str, Opinion], stars: Mapping[str, datetime], tracks: Mapping[str, str]) -> None:
        """Take over opinions that changed since they were last seen, so that the listener may change them in Segue."""
        before = self._catalogue.link_opinions.of_songs(self._link.name, opinions)
        changed = {song: each for song, each in opinions.items() if each != before.get(song, Opinion())}
        for song, opinion in changed.items():
            self._catalogue.annotations.adopt(self._link.listener, tracks[song], stars.get(song), opinion.rating)
        self._catalogue.link_opinions.put(self._link.name, changed)
        self.heard.opinions += len(changed)

    def _add(self, listens: Iterable[NewListen]) -> None:
        for some in batched(listens, BATCH):
            stored = self._catalogue.listens.add(self._link.listener, some)
            self.heard.plays += sum(each.is_new for each in stored)

    def _name(self, song_id: str) -> str:
        return f"{self._link.name}:{song_id}"


def pull(catalogue: Catalogue, link: Link, server: Server) -> Heard:
    """Take over the stars and the plays with their times; play counts and ratings come with a list of all songs.

    Raises:
        AlreadyRunning: another process does this.
        LinkedServerUnavailable, LinkedServerRefused: the server does not answer.
    """
    listening = Listening(catalogue, link)
    with catalogue.link_runs.running(link.name, LinkWork.LISTENING):
        listening.read_reports(server)
        listening.read_stars(server)
    return listening.heard


def note_playing(catalogue: Catalogue, now_playing: NowPlaying, link: Link, server: Server) -> None:
    """Show what the user of a linked server is playing now, if it is a track.

    Raises:
        LinkedServerUnavailable, LinkedServerRefused: the server does not answer.
    """
    for playing in server.now_playing():
        track_id = catalogue.links.track_ids(link.name, [playing.song_id]).get(playing.song_id)
        if playing.user.casefold() == link.user.casefold() and track_id is not None:
            length = catalogue.tracks.get(track_id).duration_ms
            now_playing.set(
                Playing(
                    listener=link.listener,
                    track_id=track_id,
                    client=playing.client or link.name,
                    started_at=playing.started_at,
                    duration_ms=length,
                )
            )
