"""Requests and responses about what listeners play now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.schemas.listens import Name
from services.api.schemas.tracks import Request, Response, Track, TrackName
from services.domain import track as library
from services.tasks import now_playing


class PlayingIn(Request):
    """The track that a listener has just started to play."""

    track_id: TrackName = Field(description="A track id or an external id, `namespace:value`.")
    client: Name | None = Field(default=None, description="The name of the player.")


class Playing(Response):
    """What a listener plays."""

    listener: str
    client: str | None = Field(description="The name of the player or scrobbler. Null if not known.")
    started_at: datetime
    track_id: str | None = Field(description="A Segue id. Null if the library does not have the track.")
    artist: str | None = Field(description="As the player names it, or else from the file's tags.")
    title: str | None = Field(description="As the player names it, or else from the file's tags.")
    album: str | None = Field(description="As the player names it, or else from the file's tags.")
    duration_ms: int | None = Field(description="Length of the track in milliseconds.")
    track: Track | None = Field(description="The track. Null if the library does not have it.")

    @classmethod
    def of(cls, found: now_playing.Playing, track: library.Track | None) -> Self:
        """Return the response for what a listener plays."""
        named = found.described or track
        return cls(
            listener=found.listener,
            client=found.client,
            started_at=found.started_at,
            track_id=None if track is None else track.id,
            artist=named and named.artist,
            title=named and named.title,
            album=named and named.album,
            duration_ms=found.duration_ms,
            track=None if track is None else Track.of(track),
        )


class NowPlaying(Response):
    """What listeners play now, latest first."""

    playing: list[Playing]

    @classmethod
    def of(cls, found: Sequence[now_playing.Playing], tracks: Mapping[str, library.Track]) -> Self:
        """Return the response; `tracks` has the tracks of the library by id."""
        return cls(playing=[Playing.of(each, tracks.get(each.track_id or "")) for each in found])
