"""Reads listens from the parameters of both versions of the protocol."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from services.api.request_limits import PLAYED_MS_MAX, SCROBBLE_AHEAD
from services.domain.errors import InvalidRequest
from services.domain.external_ids import MBID
from services.domain.listening import Description, EventKind, NewListen
from services.imports.values import clean, uuid_of

BATCH_MAX = 50
"""Listens in a request: the protocol's own limit."""

INDEXED = re.compile(r"([A-Za-z]+)\[(\d{1,3})\]")


class Ignored(IntEnum):
    """Why a listen is not stored, by the protocol's codes."""

    NO = 0
    ARTIST = 1
    TRACK = 2
    TOO_OLD = 3
    TOO_NEW = 4


REASONS = {
    Ignored.NO: "",
    Ignored.ARTIST: "The artist is missing.",
    Ignored.TRACK: "The title is missing.",
    Ignored.TOO_OLD: "The time is before 1970.",
    Ignored.TOO_NEW: "The time is in the future.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A track that a client sent, with its fields, and the listen to store unless it is ignored."""

    fields: Mapping[str, str]
    listen: NewListen
    ignored: Ignored = Ignored.NO


def batch(given: Mapping[str, str], required: str) -> Sequence[Mapping[str, str]]:
    """Return the fields of each listen of a request, given as `name[0]`, `name[1]` …, or as `name` for a single one.

    Raises:
        InvalidRequest: there is none, or more than `BATCH_MAX`.
    """
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for name, value in given.items():
        if (indexed := INDEXED.fullmatch(name)) is not None:
            found[int(indexed[2])][indexed[1]] = value
    listens = [found[number] for number in sorted(found) if required in found[number]]
    if not listens and required in given:
        listens = [dict(given)]
    if not listens:
        raise InvalidRequest(f"Invalid parameters: {required} is missing.")
    if len(listens) > BATCH_MAX:
        raise InvalidRequest(f"Too many listens: no more than {BATCH_MAX} may be sent at once.")
    return listens


def read_listen(fields: Mapping[str, str], now: datetime, kind: EventKind = EventKind.PLAY) -> Sent:
    """Return the listen of fields with the names of version 2.0; without a `timestamp` it is now.

    Raises:
        InvalidRequest: the time is not a number of seconds.
    """
    artist, title = clean(fields.get("artist")), clean(fields.get("track"))
    at = now if "timestamp" not in fields else _moment(fields["timestamp"])
    described = Description(
        artist=artist or "", title=title or "", album=clean(fields.get("album")), duration_ms=_length(fields)
    )
    mbid = uuid_of(fields.get("mbid"))
    names = () if mbid is None else (f"{MBID}:{mbid}",)
    listen = NewListen(names=names, described=described, kind=kind, at=at)
    return Sent(fields, listen, next(_objections(listen, described, now), Ignored.NO))


def _objections(listen: NewListen, described: Description, now: datetime) -> Iterator[Ignored]:
    if not described.artist:
        yield Ignored.ARTIST
    if not described.title:
        yield Ignored.TRACK
    if listen.at.timestamp() < 0:
        yield Ignored.TOO_OLD
    if listen.at > now + SCROBBLE_AHEAD:
        yield Ignored.TOO_NEW


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidRequest("Invalid parameters: a time must be a number of seconds since 1970.") from error


def _length(fields: Mapping[str, str]) -> int | None:
    try:
        length = 1000 * int(fields.get("duration", ""))
    except ValueError:
        return None
    return length if 0 < length <= PLAYED_MS_MAX else None
