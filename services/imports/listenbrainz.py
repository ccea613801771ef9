"""The export of ListenBrainz: listens and feedback, one object of JSON a line or, before 2025, one array."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.api.request_limits import PLAYED_MS_MAX, SCROBBLER_IDS_MAX
from services.domain.external_ids import ISRC, MBID, canonical_name
from services.domain.listening import EventKind
from services.imports.entries import Entry, Fields, LeftOut
from services.imports.values import clean, milliseconds, moment, uuid_of

VERDICT_OF_SCORE = {1: EventKind.LIKE, -1: EventKind.DISLIKE}


class ListenBrainz:
    """Reads the entries of one export. Feedback names its recording only by ids, so listens give it a name."""

    def __init__(self) -> None:
        self._feedback: dict[str, Fields] = {}
        """Verdicts without a name yet, by the recording's MSID or else its MBID."""

    @staticmethod
    def is_listen(entry: Entry) -> bool:
        """Return whether an entry is a listen."""
        return "track_metadata" in entry and "score" not in entry

    @staticmethod
    def is_feedback(entry: Entry) -> bool:
        """Return whether an entry is a verdict about a recording."""
        return "score" in entry and ("recording_msid" in entry or "recording_mbid" in entry)

    def listen(self, entry: Entry) -> Iterator[Fields | LeftOut]:
        """Yield a listen, and the verdict about its recording if it is the first one.

        Raises:
            ValueError: it has no title, no artist or no time.
        """
        metadata = entry["track_metadata"]
        if not isinstance(metadata, dict):
            raise ValueError("track_metadata is not an object")  # noqa: TRY004  as every reason
        info = info_of(metadata)
        track = _track(metadata, info)
        played = info.get("ms_played")
        yield track | {
            "at": moment(entry.get("listened_at")),
            "played_ms": None if played is None else milliseconds(played, "ms_played"),
        }
        for found in (metadata.get("recording_msid"), entry.get("recording_msid"), info.get("recording_mbid")):
            verdict = self._feedback.pop(found, None) if isinstance(found, str) else None
            if verdict is not None:
                ids = dict.fromkeys([*verdict["other_ids"], *track["other_ids"]])
                yield verdict | track | {"other_ids": list(ids)}

    def feedback(self, entry: Entry) -> Iterator[Fields | LeftOut]:
        """Keep a verdict until a listen names its recording; yield nothing.

        Raises:
            ValueError: it has no score or no time.
        """
        score, mbid = entry.get("score"), uuid_of(entry.get("recording_mbid"))
        at = moment(entry.get("created"))
        if not isinstance(score, int) or score not in VERDICT_OF_SCORE:
            raise ValueError("score is neither 1 nor -1")
        names = [f"{MBID}:{mbid}"] if mbid else []
        subject = entry.get("recording_msid") or mbid
        if not isinstance(subject, str):
            raise ValueError("no id of a recording")  # noqa: TRY004  as every reason
        self._feedback[subject] = {"event": VERDICT_OF_SCORE[score], "at": at, "other_ids": names}
        yield from ()

    def rest(self) -> Iterator[Fields | LeftOut]:
        """Yield the verdicts that no listen named: those with an MBID can still find their track."""
        for verdict in self._feedback.values():
            yield verdict if verdict["other_ids"] else LeftOut.NAMELESS
        self._feedback.clear()


def info_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the additional information of a listen's metadata; empty if there is none."""
    info = metadata.get("additional_info")
    return info if isinstance(info, dict) else {}


def names_of(info: Mapping[str, object]) -> tuple[str, ...]:
    """Return external ids, the most reliable first. Invalid ids are ignored, so that the listen is stored anyway."""
    # Older scrobblers send the recording's MBID as `track_mbid`.
    mbids = [uuid for name in ("recording_mbid", "track_mbid") if (uuid := uuid_of(info.get(name))) is not None]
    given = info.get("isrc")
    isrcs = [isrc for isrc in (given if isinstance(given, list) else [given]) if isinstance(isrc, str)]
    written = [f"{ISRC}:{clean(isrc) or ''}" for isrc in isrcs[:SCROBBLER_IDS_MAX]]
    names = [canonical_name(name) for name in (*(f"{MBID}:{mbid}" for mbid in mbids), *written)]
    return tuple(dict.fromkeys(name for name in names if name is not None))


def length_of(info: Mapping[str, object]) -> int | None:
    """Return the length of a recording in milliseconds; None if it is not known."""
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


def _track(metadata: Mapping[str, Any], info: Mapping[str, Any]) -> Fields:
    artist, title = clean(metadata.get("artist_name")), clean(metadata.get("track_name"))
    if artist is None or title is None:
        raise ValueError(f"no {'artist_name' if artist is None else 'track_name'}")
    mapped = metadata.get("mbid_mapping")
    names = (*names_of(info), *(names_of(mapped) if isinstance(mapped, dict) else ()))
    return {
        "artist": artist,
        "title": title,
        "album": clean(metadata.get("release_name")),
        "duration_ms": length_of(info),
        "other_ids": list(dict.fromkeys(names)),
    }
