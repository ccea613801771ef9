"""Converts listens from and to ListenBrainz's JSON, with the checks that ListenBrainz makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic_core import from_json

from services.api.compat.listenbrainz.schemas import PlayingListen, Scrobble, ScrobbleTrack, ScrobbleTrackInfo
from services.api.http.errors import ApiError
from services.api.request_limits import (
    LISTENS_MAX,
    SCROBBLE_AHEAD,
    SCROBBLE_MAX_BYTES,
)
from services.domain.listening import Description, EventKind, Listen, NewListen
from services.domain.names import KEY_SEPARATOR, credit_key, title_key
from services.domain.track import Track
from services.imports.listenbrainz import info_of, length_of, names_of
from services.imports.values import clean, uuid_of
from services.tasks.now_playing import Playing

PLAYING_NOW, SINGLE, IMPORT = "playing_now", "single", "import"

UNKNOWN_ARTIST = "[unknown]"
"""MusicBrainz's name for an unknown artist."""


class BadSubmission(ApiError):  # noqa: N818
    """ListenBrainz would refuse the request as well."""

    status = HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Submission:
    """Listens of a request; those of the kind `playing_now` are not finished."""

    kind: str
    listens: tuple[NewListen, ...]
    client: str | None
    """The name of the player or scrobbler that sent them."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A love (1), a hate (−1) or neither (0) for a recording, which is named by at least one of two ids."""

    mbid: str | None
    msid: str | None
    score: int


def read_submission(raw: bytes, now: datetime) -> Submission:
    """Return the listens of a request's body.

    Raises:
        BadSubmission: the body is not valid.
    """
    body = read_json(raw)
    kind, payload = body.get("listen_type"), body.get("payload")
    if kind not in (PLAYING_NOW, SINGLE, IMPORT):
        raise BadSubmission("JSON document requires a valid listen_type key.")
    if not isinstance(payload, list) or not payload:
        raise BadSubmission("JSON document does not contain any listens")
    if kind != IMPORT and len(payload) > 1:
        raise BadSubmission("JSON document contains more than one listen for a single/playing_now.")
    if len(payload) > LISTENS_MAX:
        raise BadSubmission(f"Too many listens: no more than {LISTENS_MAX} may be submitted at once.")
    if len(raw) > SCROBBLE_MAX_BYTES * len(payload):
        raise BadSubmission(f"JSON document is too large. Listens may not be larger than {SCROBBLE_MAX_BYTES} bytes.")
    return Submission(kind, tuple(_listen(listen, kind, now) for listen in payload), _client(payload[0]))


def read_feedback(raw: bytes) -> Feedback:
    """Return the feedback of a request's body.

    Raises:
        BadSubmission: the body is not valid.
    """
    body = read_json(raw)
    mbid, msid, score = body.get("recording_mbid"), body.get("recording_msid"), body.get("score")
    if (mbid is None and msid is None) or score is None:
        raise BadSubmission("JSON document must contain either recording_msid or recording_mbid, and score.")
    if type(score) is not int or score not in (-1, 0, 1):
        raise BadSubmission("score must be 1 (love), -1 (hate) or 0 (neither).")
    ids = {"recording_mbid": mbid, "recording_msid": msid}
    for name, value in ids.items():
        if value is not None and uuid_of(value) is None:
            raise BadSubmission(f"{name} must be a UUID.")
    return Feedback(uuid_of(mbid), uuid_of(msid), score)


def read_json(raw: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadSubmission: the text is not a JSON object.
    """
    try:
        body = from_json(raw)
    except ValueError as error:
        raise BadSubmission(f"Cannot parse JSON document: {error}") from error
    if not isinstance(body, dict):
        raise BadSubmission("Invalid JSON document submitted.")
    return body


def moment_of(listened_at: object) -> datetime:
    """Return the time of a number of seconds since 1970.

    Raises:
        BadSubmission: the value is not a number, or out of range.
    """
    try:
        if not isinstance(listened_at, int | float | str) or isinstance(listened_at, bool):
            raise BadSubmission("JSON document must contain an int value for listened_at.")
        seconds = int(listened_at)
        if seconds < 0:
            raise BadSubmission("Value for key listened_at is too low: it must not be before 1970.")
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSubmission("JSON document must contain an int value for listened_at.") from error


def msid_of(listen: Listen) -> str:
    """Return the UUID by which ListenBrainz clients identify the recording of a listen."""
    described = listen.described
    if described is not None:
        subject = KEY_SEPARATOR.join((credit_key([described.artist], described.title), title_key(described.title)))
    else:
        subject = listen.track_id or listen.names[0]
    return str(uuid5(NAMESPACE_URL, f"urn:segue:recording:{subject}"))


def scrobbles(listener: str, listens: Sequence[Listen], tracks: Mapping[str, Track]) -> list[Scrobble]:
    """Return the listens in ListenBrainz's format, with the metadata of their tracks."""
    return [
        Scrobble(
            listened_at=int(listen.at.timestamp()),
            recording_msid=msid_of(listen),
            user_name=listener,
            track_metadata=metadata_of(listen, tracks.get(listen.track_id or "")),
        )
        for listen in listens
    ]


def metadata_of(listen: Listen, track: Track | None, player: str | None = None) -> ScrobbleTrack:
    """Return the metadata of a listen, from its client or else from its track."""
    described = listen.described
    ids = {} if track is None else dict(track.ids)
    ids |= dict(name.split(":", 1) for name in listen.names if ":" in name)
    info = ScrobbleTrackInfo(
        recording_msid=msid_of(listen),
        recording_mbid=ids.get("mbid"),
        isrc=ids.get("isrc"),
        segue_track_id=listen.track_id,
        duration_ms=(described and described.duration_ms) or (track and track.duration_ms) or None,
        media_player=player,
    )
    artist, title, album = UNKNOWN_ARTIST, "", None
    if described is not None:
        artist, title, album = described.artist, described.title, described.album
    elif track is not None:
        artist, title, album = track.artist or UNKNOWN_ARTIST, track.title, track.album
    else:
        title = listen.names[0]
    return ScrobbleTrack(artist_name=artist, track_name=title, release_name=album, additional_info=info)


def playing_listen(playing: Playing, track: Track | None) -> PlayingListen:
    """Return what is playing in ListenBrainz's format, with the metadata of its track."""
    names = () if playing.track_id is None else (playing.track_id,)
    listen = Listen(
        id=0,
        track_id=playing.track_id,
        names=names,
        described=playing.described,
        kind=EventKind.PLAY,
        at=playing.started_at,
    )
    return PlayingListen(track_metadata=metadata_of(listen, track, playing.client))


def _client(listen: dict[str, Any]) -> str | None:
    info = info_of(listen["track_metadata"])
    return clean(info.get("media_player")) or clean(info.get("submission_client"))


def _listen(listen: object, kind: str, now: datetime) -> NewListen:
    if not isinstance(listen, dict):
        raise BadSubmission("Each listen must be an object.")
    at = now
    if kind != PLAYING_NOW:
        if "listened_at" not in listen:
            raise BadSubmission("JSON document must contain the key listened_at at the top level.")
        at = moment_of(listen["listened_at"])
        if at > now + SCROBBLE_AHEAD:
            raise BadSubmission("Value for key listened_at is too high.")
    metadata = listen.get("track_metadata")
    if not isinstance(metadata, dict):
        raise BadSubmission("JSON document does not contain a valid metadata.track_name and/or metadata.artist_name.")
    info = info_of(metadata)
    described = Description(
        artist=_required(metadata, "artist_name"),
        title=_required(metadata, "track_name"),
        album=clean(metadata.get("release_name")),
        duration_ms=length_of(info),
    )
    return NewListen(names=names_of(info), described=described, kind=EventKind.PLAY, at=at)


def _required(metadata: Mapping[str, object], name: str) -> str:
    found = metadata.get(name)
    if found is not None and not isinstance(found, str):
        raise BadSubmission(f"{name} must be a single string.")
    text = clean(found)
    if text is None:
        raise BadSubmission(f"JSON document does not contain required track_metadata.{name}.")
    return text
