"""The nearest guess for a song of a linked server that no rule matched."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.catalog.links import LinkStore, NearTrack
from services.domain.links import LinkedSong
from services.domain.names import keys_of_credit, text_key, title_key

LENGTH_WEIGHT = 0.3
"""What equal lengths add to the likeness of the names, which is 0 to 1."""

LENGTH_MS = 10_000
"""The difference at which lengths say nothing more."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A song that is no track, and the track that is most like it; None if nothing has its title or its artist."""

    song: LinkedSong
    track: NearTrack | None


def guesses(links: LinkStore, songs: Sequence[LinkedSong]) -> list[Guess]:
    """Return the nearest guess for each song, in their order."""
    return [Guess(song, _nearest(links, song)) for song in songs]


def _nearest(links: LinkStore, song: LinkedSong) -> NearTrack | None:
    artists = [song.artist] if song.artist else []
    title = title_key(song.title)
    near = links.near(title, keys_of_credit(artists, song.title))
    return max(near, key=lambda track: (_likeness(song, track), track.id), default=None)


def _likeness(song: LinkedSong, track: NearTrack) -> float:
    one, other = (text_key(" ".join(filter(None, (each.artist, each.title, each.album)))) for each in (song, track))
    names = SequenceMatcher(None, one, other).ratio()
    if not song.duration_ms or not track.duration_ms:
        return names
    return names + LENGTH_WEIGHT * max(0.0, 1 - abs(song.duration_ms - track.duration_ms) / LENGTH_MS)
