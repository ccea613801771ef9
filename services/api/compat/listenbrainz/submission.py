"""What scrobblers send: ListenBrainz's JSON, read as ListenBrainz reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from services.api.compat.listenbrainz.answers import BadSubmission
from services.api.request_limits import (
    EXTERNAL_ID_MAX,
    LISTENS_MAX,
    NAMED_MAX,
    PLAYED_MS_MAX,
    SCROBBLE_AHEAD,
    SCROBBLE_MAX_BYTES,
    SCROBBLER_IDS_MAX,
)
from services.domain.listening import Description, EventKind, NewListen

PLAYING_NOW, SINGLE, IMPORT = "playing_now", "single", "import"


@dataclass(frozen=True, slots=True)
class Submission:
    """Listens that were sent together; `playing_now` ones are not over yet."""

    kind: str
    listens: tuple[NewListen, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A love (1), a hate (−1) or neither (0) for a recording that goes by one of two ids."""

    mbid: str | None
    msid: str | None
    score: int


def read_submission(raw: bytes, now: datetime) -> Submission:
    """The listens of a request's body.

    Raises:
        BadSubmission: ListenBrainz would not take it either.
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
    return Submission(kind, tuple(_listen(listen, kind, now) for listen in payload))


def read_feedback(raw: bytes) -> Feedback:
    """The feedback of a request's body.

    Raises:
        BadSubmission: ListenBrainz would not take it either.
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
    """A JSON object.

    Raises:
        BadSubmission: it is none.
    """
    try:
        body = from_json(raw)
    except ValueError as error:
        raise BadSubmission(f"Cannot parse JSON document: {error}") from error
    if not isinstance(body, dict):
        raise BadSubmission("Invalid JSON document submitted.")
    return body


def moment_of(listened_at: object) -> datetime:
    """The time of seconds since 1970.

    Raises:
        BadSubmission: it is no number, or none that stands for a time.
    """
    try:
        if not isinstance(listened_at, int | float | str) or isinstance(listened_at, bool):
            raise BadSubmission("JSON document must contain an int value for listened_at.")
        return datetime.fromtimestamp(max(0, int(listened_at)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSubmission("JSON document must contain an int value for listened_at.") from error


def uuid_of(text: object) -> str | None:
    """A UUID as it is written everywhere; None if it is none."""
    try:
        return str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


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
    info = metadata.get("additional_info")
    info = info if isinstance(info, dict) else {}
    described = Description(
        artist=_required(metadata, "artist_name"),
        title=_required(metadata, "track_name"),
        album=_text(metadata.get("release_name")),
        duration_ms=_length(info),
    )
    return NewListen(names=_names(info), described=described, kind=EventKind.PLAY, at=at)


def _required(metadata: Mapping[str, object], name: str) -> str:
    found = metadata.get(name)
    if found is not None and not isinstance(found, str):
        raise BadSubmission(f"{name} must be a single string.")
    text = _text(found)
    if text is None:
        raise BadSubmission(f"JSON document does not contain required track_metadata.{name}.")
    return text


def _text(found: object) -> str | None:
    return found.replace("\0", "").strip()[:NAMED_MAX] or None if isinstance(found, str) else None


def _names(info: Mapping[str, object]) -> tuple[str, ...]:
    """External ids, the surest first. What is no id is ignored: it must not cost a listen."""
    # Older scrobblers have the recording under `track_mbid`, as file tags do.
    mbids = [uuid for name in ("recording_mbid", "track_mbid") if (uuid := uuid_of(info.get(name))) is not None]
    given = info.get("isrc")
    isrcs = [isrc for isrc in (given if isinstance(given, list) else [given]) if isinstance(isrc, str)]
    plain = [isrc.replace("-", "").replace("\0", "").strip().upper() for isrc in isrcs[:SCROBBLER_IDS_MAX]]
    names = [f"mbid:{mbid}" for mbid in mbids] + [f"isrc:{isrc}" for isrc in plain if 0 < len(isrc) <= EXTERNAL_ID_MAX]
    return tuple(dict.fromkeys(names))


def _length(info: Mapping[str, object]) -> int | None:
    for name, unit in (("duration_ms", 1), ("duration", 1000)):
        given = info.get(name)
        if not isinstance(given, int | float | str):
            continue
        try:
            length = round(float(given) * unit)
        except (ValueError, OverflowError):
            continue
        if 0 < length <= PLAYED_MS_MAX:
            return length
    return None
