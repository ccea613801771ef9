"""The streaming history of Spotify, extended or of the last year: arrays of JSON."""

from collections.abc import Iterator

from services.domain.listening import EventKind
from services.imports.entries import Entry, Fields, LeftOut
from services.imports.values import clean, milliseconds, moment

PLAYED_MIN_MS = 30_000
"""A stream that ends by itself before this, such as by a crash, is neither a play nor a skip. Spotify and Last.fm
count a play from here."""

SKIPPED_BY = "fwdbtn"
"""How a stream ends if the listener chose the next track. Old entries have no `skipped`."""

ENDED = "trackdone"
"""How a stream ends if the track was played to its end."""

TRACK_URI = "spotify:track:"


def is_stream(entry: Entry) -> bool:
    """Return whether an entry is one of the extended streaming history."""
    return "ts" in entry and "ms_played" in entry


def is_recent_stream(entry: Entry) -> bool:
    """Return whether an entry is one of the streaming history of the last year, which has fewer fields."""
    return "endTime" in entry and "msPlayed" in entry


def stream(entry: Entry) -> Iterator[Fields | LeftOut]:
    """Yield the play or skip of an entry, or why it is none.

    Raises:
        ValueError: it has no time or no played time.
    """
    at, played_ms = moment(entry["ts"]), milliseconds(entry["ms_played"], "ms_played")
    ended, uri = entry.get("reason_end"), entry.get("spotify_track_uri")
    is_skip = entry.get("skipped") is True or ended == SKIPPED_BY
    names = [f"spotify:{uri.removeprefix(TRACK_URI)}"] if isinstance(uri, str) and uri.startswith(TRACK_URI) else []
    artist = clean(entry.get("master_metadata_album_artist_name"))
    title = clean(entry.get("master_metadata_track_name"))
    is_named = artist is not None and title is not None
    if not is_named and not names:
        is_episode = any(entry.get(name) for name in ("spotify_episode_uri", "episode_name", "audiobook_uri"))
        yield LeftOut.EPISODE if is_episode else LeftOut.NAMELESS
    elif entry.get("incognito_mode") is True:
        yield LeftOut.PRIVATE
    elif played_ms < PLAYED_MIN_MS and not is_skip and ended != ENDED:
        yield LeftOut.INTERRUPTED
    else:
        described = {"artist": artist, "title": title, "album": clean(entry.get("master_metadata_album_album_name"))}
        kind = EventKind.SKIP if is_skip else EventKind.PLAY
        yield {"other_ids": names, "event": kind, "at": at, "played_ms": played_ms} | (described if is_named else {})


def recent_stream(entry: Entry) -> Iterator[Fields | LeftOut]:
    """Yield the play of an entry, or why it is none. The history of the last year does not tell skips.

    Raises:
        ValueError: it has no time or no played time.
    """
    at, played_ms = moment(entry["endTime"]), milliseconds(entry["msPlayed"], "msPlayed")
    artist, title = clean(entry.get("artistName")), clean(entry.get("trackName"))
    if artist is None or title is None:
        yield LeftOut.EPISODE if "podcastName" in entry or "bookName" in entry else LeftOut.NAMELESS
    elif played_ms < PLAYED_MIN_MS:
        yield LeftOut.INTERRUPTED
    else:
        yield {"artist": artist, "title": title, "at": at, "played_ms": played_ms}
