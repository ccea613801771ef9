"""Listens as ListenBrainz answers them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.domain.listens import Listen
from services.domain.track import Track

NAMELESS = "[unknown]"
"""MusicBrainz's own name for an artist of whom nothing is known."""


def msid_of(listen: Listen) -> str:
    """A UUID that listens of the same track share: ListenBrainz's clients name listens by it."""
    described = listen.described
    if described is not None:
        subject = f"{described.artist}\x1f{described.title}".casefold()
    else:
        subject = listen.track_id or listen.names[0]
    return str(uuid5(NAMESPACE_URL, f"urn:segue:recording:{subject}"))


def listens_payload(listener: str, listens: Sequence[Listen], tracks: Mapping[str, Track]) -> list[dict[str, Any]]:
    """The listens, each with what is known of its track."""
    return [
        {
            "listened_at": int(listen.at.timestamp()),
            "recording_msid": msid_of(listen),
            "user_name": listener,
            "track_metadata": _metadata(listen, tracks.get(listen.track_id or "")),
        }
        for listen in listens
    ]


def _metadata(listen: Listen, track: Track | None) -> dict[str, Any]:
    described = listen.described
    ids = {} if track is None else dict(track.ids)
    ids |= dict(name.split(":", 1) for name in listen.names if ":" in name)
    info: dict[str, Any] = {"recording_msid": msid_of(listen)}
    info |= {
        key: ids[namespace] for key, namespace in (("recording_mbid", "mbid"), ("isrc", "isrc")) if namespace in ids
    }
    if listen.track_id is not None:
        info["segue_track_id"] = listen.track_id
    length = (described and described.duration_ms) or (track and track.duration_ms)
    if length:
        info["duration_ms"] = length
    if described is not None:
        names = {"artist_name": described.artist, "track_name": described.title, "release_name": described.album}
    elif track is not None:
        names = {"artist_name": track.artist or NAMELESS, "track_name": track.title, "release_name": track.album}
    else:
        names = {"artist_name": NAMELESS, "track_name": listen.names[0], "release_name": None}
    return {**names, "additional_info": info}
