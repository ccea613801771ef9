"""The methods of version 2.0."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flask import request

from services.api.compat.audioscrobbler.responses import ATTRIBUTES, TEXT, Tree
from services.api.compat.audioscrobbler.scrobbles import REASONS, Ignored, Sent, batch, read_listen
from services.api.compat.audioscrobbler.sessions import listener_of_request, new_session
from services.api.compat.texts import time_of
from services.api.context import services
from services.api.playing import note_playing
from services.api.request_limits import OFFSET_MAX, RECENT_TRACKS, RECENT_TRACKS_MAX
from services.api.schemas.listens import listener_named
from services.api.security.authentication import require_listener
from services.catalog.database import now
from services.domain.errors import BrokerUnavailable, InvalidRequest
from services.domain.listening import PLAYS, Description, EventKind, Listen, ListenFilter
from services.domain.track import Track
from services.tasks.now_playing import Playing

Parameters = Mapping[str, str]

IMAGES = [{"size": size, TEXT: ""} for size in ("small", "medium", "large", "extralarge")]
"""Clients expect four addresses. Segue's covers need a key, so there are none."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the protocol."""

    run: Callable[[Parameters], Tree]
    is_signed: bool = True
    """Whether it changes something: it needs a signature, and is sent by POST."""


def get_mobile_session(given: Parameters) -> Tree:
    """Return a session key for the listener whose password the request has."""
    del given  # the sign-in has read it
    return {"session": {"name": listener_of_request(), "key": new_session(), "subscriber": "0"}}


def scrobble(given: Parameters) -> Tree:
    """Store up to 50 plays. The response is sent after they are on disk."""
    moment = now()
    sent = [_timed(fields, moment) for fields in batch(given, "artist")]
    accepted = [each.listen for each in sent if each.ignored == Ignored.NO]
    if accepted:
        services().catalogue.listens.add(listener_of_request(), accepted)
    shown = [{**_shown(each), "timestamp": each.fields["timestamp"]} for each in sent]
    counts = {"accepted": str(len(accepted)), "ignored": str(len(sent) - len(accepted))}
    return {"scrobbles": {ATTRIBUTES: counts, "scrobble": shown if len(shown) > 1 else shown[0]}}


def update_now_playing(given: Parameters) -> Tree:
    """Note what the listener has just started to play."""
    sent = _untimed(given)
    if sent.ignored == Ignored.NO:
        note_playing(listener_of_request(), sent.listen, client=None)
    return {"nowplaying": _shown(sent)}


def love(given: Parameters) -> Tree:
    """Record a like of a track."""
    _judge(given, EventKind.LIKE)
    return {}


def unlove(given: Parameters) -> Tree:
    """Remove the like of a track."""
    _judge(given, None)
    return {}


def get_recent_tracks(given: Parameters) -> Tree:
    """Return the plays of a listener, newest first; on the first page after what plays now."""
    listener = _listener(given)
    limit, page = min(_number(given, "limit", RECENT_TRACKS), RECENT_TRACKS_MAX), _number(given, "page", 1)
    since, before = (_at(given[name]) if given.get(name) else None for name in ("from", "to"))
    conditions = ListenFilter(kinds=PLAYS, dated=True, since=since, before=before and before + timedelta(seconds=1))
    catalogue = services().catalogue
    found = catalogue.listens.page(listener, conditions, limit=limit, skip=min((page - 1) * limit, OFFSET_MAX)).listens
    playing: list[Playing] = []
    if page == 1:
        with suppress(BrokerUnavailable):  # the plays are in the catalogue
            playing = services().now_playing.all([listener])
    total = catalogue.listens.count(listener, conditions)
    ids = [*(each.track_id for each in playing), *(each.track_id for each in found)]
    tracks = catalogue.tracks.get_many([each for each in ids if each is not None])
    attributes = {"user": listener, "totalPages": -(-total // limit), "page": page, "perPage": limit, "total": total}
    return {
        "recenttracks": {
            ATTRIBUTES: {name: str(value) for name, value in attributes.items()},
            "track": [*_playing(playing, tracks), *_played(found, tracks)],
        }
    }


def get_info(given: Parameters) -> Tree:
    """Return a listener with the number of plays and the time of the first listen."""
    listener = _listener(given)
    counts = services().catalogue.listens.counts(listener)
    return {
        "user": {
            "name": listener,
            "realname": "",
            "url": request.root_url,
            "image": IMAGES,
            "country": "",
            "subscriber": "0",
            "playcount": str(counts.by_kind[EventKind.PLAY]),
            "playlists": "0",
            "registered": _date(counts.first_at, "unixtime"),
            "type": "user",
        }
    }


METHODS = {
    "auth.getmobilesession": Method(get_mobile_session),
    "track.scrobble": Method(scrobble),
    "track.updatenowplaying": Method(update_now_playing),
    "track.love": Method(love),
    "track.unlove": Method(unlove),
    "user.getrecenttracks": Method(get_recent_tracks, is_signed=False),
    "user.getinfo": Method(get_info, is_signed=False),
}
"""The methods by name; case does not matter."""


def _timed(fields: Mapping[str, str], moment: datetime) -> Sent:
    if "timestamp" not in fields:
        raise InvalidRequest("Invalid parameters: timestamp is missing.")
    return read_listen(fields, moment)


def _untimed(given: Parameters) -> Sent:
    return read_listen({name: value for name, value in given.items() if name != "timestamp"}, now())


def _judge(given: Parameters, kind: EventKind | None) -> None:
    sent = _untimed(given)
    if sent.ignored != Ignored.NO:
        raise InvalidRequest(f"Invalid parameters: {REASONS[sent.ignored]}")
    verdict = None if kind is None else replace(sent.listen, kind=kind)
    services().catalogue.listens.judge(listener_of_request(), verdict, sent.listen)


def _shown(sent: Sent) -> dict[str, object]:
    names = ("artist", "track", "album", "albumArtist")
    shown: dict[str, object] = {name: {"corrected": "0", TEXT: sent.fields.get(name, "")} for name in names}
    return {**shown, "ignoredMessage": {"code": str(int(sent.ignored)), TEXT: REASONS[sent.ignored]}}


def _playing(found: Sequence[Playing], tracks: Mapping[str, Track]) -> list[Tree]:
    return [
        {ATTRIBUTES: {"nowplaying": "true"}, **_named(each.described, tracks.get(each.track_id or ""))}
        for each in found
    ]


def _played(found: Sequence[Listen], tracks: Mapping[str, Track]) -> list[Tree]:
    return [
        {**_named(each.described, tracks.get(each.track_id or "")), "date": _date(each.at, "uts")} for each in found
    ]


def _named(described: Description | None, track: Track | None) -> dict[str, object]:
    named = described or track
    return {
        "artist": {"mbid": "", TEXT: (named and named.artist) or ""},
        "name": (named and named.title) or "",
        "mbid": ("" if track is None else track.ids.get("mbid")) or "",
        "album": {"mbid": "", TEXT: (named and named.album) or ""},
        "url": "",
        "streamable": "0",
        "image": IMAGES,
    }


def _date(at: datetime | None, attribute: str) -> Tree:
    seconds = 0 if at is None else int(at.timestamp())
    return {attribute: str(seconds), TEXT: f"{datetime.fromtimestamp(seconds, UTC):%d %b %Y, %H:%M}"}


def _listener(given: Parameters) -> str:
    """Return the listener whose data is asked for: the sender, unless the request names another one."""
    if not given.get("user"):
        return listener_of_request()
    require_listener(given["user"])
    return listener_named(given["user"])


def _number(given: Parameters, name: str, default: int) -> int:
    try:
        number = int(given.get(name) or default)
    except ValueError as error:
        raise InvalidRequest(f"Invalid parameters: {name} must be an integer.") from error
    if number < 1:
        raise InvalidRequest(f"Invalid parameters: {name} must be at least 1.")
    return number


def _at(text: str) -> datetime:
    try:
        return time_of(int(text))
    except ValueError as error:
        raise InvalidRequest("Invalid parameters: a time must be a number of seconds since 1970.") from error
