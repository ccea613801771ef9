"""The tools of the MCP server. Each asks the HTTP API, so a key and its limits apply to them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field
from segue_client import AsyncSegue, InvalidRequest, NotFound, models

from services.domain.filters import ATTRIBUTES
from services.domain.notation import key_text
from services.mcp.results import (
    Done,
    Explanation,
    Path,
    PathSong,
    Playlist,
    PlaylistEntry,
    Playlists,
    Radio,
    Song,
    Songs,
    Taste,
    Tastes,
)

EXPLAINED = (*ATTRIBUTES, "tempo", "loudness")
"""The values of a song that `explain` returns."""

SAME = 0.1
"""Values that differ by less than this share of their range are the same to a listener."""
RANGES = {"tempo": 100.0, "loudness": 20.0}
"""The range of values that are not between 0 and 1."""

TASTE_SONGS = 5

Listener = Annotated[str | None, Field(description="Name of the listener; the default listener if it is null.")]
Limit = Annotated[int, Field(ge=1, le=100, description="Maximum number of songs.")]
Words = Annotated[
    str | None,
    Field(description="The wanted music in words of any language, such as “calm piano, under 80 bpm, no vocals”."),
]
Ids = Annotated[Sequence[str], Field(description="Ids of songs, from other tools.")]
Id = Annotated[str, Field(description="Id of a song, from another tool.")]


class Reading:
    """Tools that change nothing of a listener."""

    def __init__(self, client: AsyncSegue, listener: str | None) -> None:
        self._client = client
        self._listener = listener

    async def search(
        self, text: Annotated[str, Field(description="A title, an artist or a description.")], limit: Limit = 10
    ) -> Songs:
        """Find songs of the library by title, by artist, or by a description of how they sound."""
        found = await self._client.search(text, limit=limit)
        named = {"title": "its title", "artist": "its artist", "vibe": "how it sounds"}
        songs = [Song.of(track, [f"found by {named[track.match]}"]) for track in found.tracks]
        return Songs(songs=songs, notes=found.understood.warnings)

    async def recommend(  # noqa: PLR0913  each is a part of the question
        self,
        *,
        text: Words = None,
        after: Annotated[Ids, Field(description="Ids of songs just heard, the latest last.")] = (),
        skipped: Annotated[Ids, Field(description="Ids of songs that the listener did not want.")] = (),
        mood: Annotated[str | None, Field(description="A mood preset, such as `focus`; `moods` lists all.")] = None,
        listener: Listener = None,
        limit: Limit = 10,
    ) -> Songs:
        """Choose songs to play next: after some songs, for a description or a mood, and for a listener's tastes."""
        history: list[tuple[str, Literal["play", "skip"]]] = [(each, "play") for each in after]
        history += [(each, "skip") for each in skipped]
        found = await self._client.recommend(
            history, text=text or [], mood=mood, user=listener or self._listener, limit=limit
        )
        why = await self._reasons(found.tracks)
        notes = [f"The library has no analysed song '{each}'." for each in found.unknown]
        notes += [warning for understood in found.understood for warning in understood.warnings]
        return Songs(songs=[Song.of(track, why[track.id]) for track in found.tracks], notes=notes)

    async def moods(self) -> dict[str, str]:
        """List the mood presets: the title of each, by the id that `recommend` takes."""
        return {mood.id: mood.titles["en"] for mood in await self._client.moods()}

    async def radio(
        self,
        *,
        seeds: Annotated[Ids, Field(description="Ids of songs to start from; only for a new session.")] = (),
        session: Annotated[str | None, Field(description="The session to continue; null starts a new one.")] = None,
        text: Words = None,
        listener: Listener = None,
        limit: Limit = 10,
    ) -> Radio:
        """Start an endless session, or get its next songs. Songs come again after all others. `text` steers it."""
        ask = self._client.next_radio_tracks
        if session is None:
            session = (await self._client.radio(seeds, user=listener or self._listener, text=text or [])).id
            text = None
        found = await (ask(session, limit=limit) if text is None else ask(session, limit=limit, text=text))
        why = await self._reasons(found.tracks)
        notes = [warning for understood in found.understood for warning in understood.warnings]
        if not found.tracks:
            notes.append("No other song meets the conditions; steer with another `text`, or start a new session.")
        return Radio(session=session, songs=[Song.of(track, why[track.id]) for track in found.tracks], notes=notes)

    async def path(
        self,
        start: Id,
        end: Id,
        songs: Annotated[int, Field(ge=2, le=100, description="Maximum number of songs, both ends included.")] = 10,
    ) -> Path:
        """Find a smooth path from one song to another, in which each song is like the one before."""
        found = await self._client.path(start, end, steps=songs)
        return Path(
            songs=[PathSong(**Song.of(track).model_dump(), similarity=track.similarity) for track in found.tracks]
        )

    async def playlists(self, listener: Listener = None) -> Playlists:
        """List the playlists of a listener, or all that may be seen."""
        found = await self._client.playlists(listener or self._listener)
        return Playlists(playlists=[PlaylistEntry.of(each) for each in found])

    async def playlist(self, playlist: Annotated[str, Field(description="Id of the playlist.")]) -> Playlist:
        """Get the songs of a playlist."""
        return _playlist(await self._client.playlist(playlist))

    async def taste(self, listener: Listener = None) -> Tastes:
        """Describe what a listener likes, from what was heard, liked and skipped."""
        name = self._named(listener)
        found = await self._client.taste(name)
        tastes = [
            Taste(
                description=taste.label,
                share=taste.weight,
                songs=[Song.of(track, _habits(track)) for track in taste.tracks[:TASTE_SONGS]],
            )
            for taste in found.tastes
        ]
        return Tastes(listener=name, tastes=tastes)

    async def explain(
        self, song: Id, other: Annotated[str | None, Field(description="Id of a song to compare it with.")] = None
    ) -> Explanation:
        """Explain how a song sounds, and why another song is near to it or far from it."""
        track, own = await asyncio.gather(self._client.track(song), self._client.audio_features(song))
        key = None if own.key is None or own.key < 0 or own.mode is None else _key(int(own.key), int(own.mode))
        if other is None:
            return Explanation(song=Song.of(track), values=_values(own), key=key, similarity=None, differences={})
        theirs, between = await asyncio.gather(
            self._client.audio_features(other), self._client.path(other, song, steps=2)
        )
        return Explanation(
            song=Song.of(track),
            values=_values(own),
            key=key,
            similarity=between.tracks[-1].similarity,
            differences=_differences(_values(own), _values(theirs)),
        )

    def _named(self, listener: str | None) -> str:
        name = listener or self._listener
        if name is None:
            raise InvalidRequest("Name a listener: `segue mcp` was started without a default one.")
        return name

    async def _reasons(self, tracks: Iterable[models.SimilarTrack]) -> dict[str, list[str]]:
        """Return what led to each track, in words."""
        reasons = {track.id: track.because_of for track in tracks}
        titles = {track.id: f"{track.title} by {track.artist or 'an unknown artist'}" for track in tracks}
        unknown = {each for some in reasons.values() for each in some if ":" not in each} - titles.keys()
        titles |= dict(zip(unknown, await asyncio.gather(*map(self._title, unknown)), strict=True))
        return {track_id: [_reason(each, titles) for each in some] for track_id, some in reasons.items()}

    async def _title(self, track_id: str) -> str:
        try:
            track = await self._client.track(track_id)
        except NotFound:
            return "a song that has left the library"
        return f"{track.title} by {track.artist or 'an unknown artist'}"


class Writing(Reading):
    """Tools that change something; `segue mcp --write` adds them."""

    async def create_playlist(
        self,
        name: str,
        songs: Ids,
        description: str = "",
        listener: Listener = None,
    ) -> Playlist:
        """Create a playlist of these songs."""
        owner = listener or self._listener
        return _playlist(await self._client.create_playlist(name, songs, owner=owner, description=description))

    async def add_to_playlist(self, playlist: str, songs: Ids) -> Playlist:
        """Add songs at the end of a playlist."""
        return _playlist(await self._client.add_to_playlist(playlist, songs))

    async def record(
        self,
        song: Id,
        event: Annotated[
            Literal["play", "skip", "like", "dislike", "ban"],
            Field(description="What the listener did. A banned song is never recommended again."),
        ],
        listener: Listener = None,
    ) -> Done:
        """Store that a listener heard, skipped, liked, disliked or banned a song: it changes what is recommended."""
        name = self._named(listener)
        stored = await self._client.listen(name, [models.ListenIn(track_id=song, event=event)])
        if stored.unknown:
            raise NotFound(f"The library has no song '{song}'.")
        return Done(message=f"Stored for {name}: {event}.")


def _playlist(found: models.Playlist) -> Playlist:
    songs = [Song.of(item.track) for item in found.items if not item.missing]
    return Playlist(playlist=PlaylistEntry.of(found), songs=songs)


def _key(tonic: int, mode: int) -> str:
    """Return a key as musicians write it; DJ programs write Dbm and Abm."""
    written = key_text(tonic, mode)
    return {"Dbm": "C#m", "Abm": "G#m"}.get(written, written)


def _habits(track: models.TasteTrack) -> list[str]:
    return [f"played {track.plays} times"] * (track.plays > 0) + ["liked"] * track.liked


def _reason(reason: str, titles: Mapping[str, str]) -> str:
    kind, colon, value = reason.partition(":")
    if not colon:
        return f"near {titles[reason]}"
    return {"words": f"fits “{value}”", "mood": f"fits the mood {value}", "artist": f"near music of {value}"}.get(
        kind, reason
    )


def _values(features: models.AudioFeatures) -> dict[str, float]:
    values = {name: getattr(features, name) for name in EXPLAINED}
    return {name: round(value, 3) for name, value in values.items() if value is not None}


def _differences(own: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    shares = {name: (own[name] - theirs[name]) / RANGES.get(name, 1.0) for name in own if name in theirs}
    apart: Sequence[str] = sorted(
        (name for name, share in shares.items() if abs(share) >= SAME), key=lambda name: -abs(shares[name])
    )
    return {name: round(own[name] - theirs[name], 3) for name in apart}
