"""What the tools return: small objects with what an assistant needs to choose and to explain."""

from typing import Self

from pydantic import BaseModel, Field
from segue_client import models

MS_PER_SECOND = 1000


class Song(BaseModel):
    """A track of the library."""

    id: str = Field(description="Pass this id to other tools.")
    title: str
    artist: str | None
    album: str | None
    year: int | None
    genre: str | None
    seconds: int | None = Field(description="Length in seconds.")
    heard: list[str] = Field(description="What is heard most clearly, such as piano or slow.")
    why: list[str] = Field(default=[], description="What led to it, strongest first.")

    @classmethod
    def of(cls, track: models.Track, why: list[str] | None = None) -> Self:
        """Return a track of the API as a song."""
        return cls(
            id=track.id,
            title=track.title,
            artist=track.artist,
            album=track.album,
            year=track.year,
            genre=track.genre,
            seconds=None if track.duration_ms is None else round(track.duration_ms / MS_PER_SECOND),
            heard=track.tags or [],
            why=why or [],
        )


class Songs(BaseModel):
    """Songs in order."""

    songs: list[Song]
    notes: list[str] = Field(default=[], description="What was ignored of the request, and why.")


class Radio(Songs):
    """The next songs of an endless session."""

    session: str = Field(description="Pass it to `radio` to get the songs that follow.")


class PathSong(Song):
    """A song of a path."""

    similarity: float = Field(description="Cosine similarity to the song before, −1 to 1; 1 for the first.")


class Path(BaseModel):
    """A smooth path from one song to another, both included."""

    songs: list[PathSong]


class PlaylistEntry(BaseModel):
    """A playlist without its songs."""

    id: str = Field(description="Pass this id to `playlist`.")
    name: str
    description: str
    listener: str | None = Field(description="The listener whose playlist it is; null if it belongs to nobody.")
    smart: bool = Field(description="Whether rules choose its songs.")
    songs: int = Field(description="Number of songs.")

    @classmethod
    def of(cls, playlist: models.PlaylistSummary) -> Self:
        """Return a playlist of the API."""
        return cls(
            id=playlist.id,
            name=playlist.name,
            description=playlist.description,
            listener=playlist.owner,
            smart=playlist.smart,
            songs=playlist.tracks,
        )


class Playlists(BaseModel):
    """Playlists by name."""

    playlists: list[PlaylistEntry]


class Playlist(Songs):
    """A playlist with its songs."""

    playlist: PlaylistEntry


class Taste(BaseModel):
    """A kind of music that a listener likes."""

    description: str = Field(description="What its songs have in common, such as calm, piano, slow.")
    share: float = Field(description="Its share of what the listener hears, 0 to 1.")
    songs: list[Song] = Field(description="Its strongest songs.")


class Tastes(BaseModel):
    """The tastes of a listener, heaviest first; empty without listens."""

    listener: str
    tastes: list[Taste]


class Explanation(BaseModel):
    """How a song sounds, and how near it is to another song."""

    song: Song
    values: dict[str, float] = Field(
        description="Attributes from 0 to 1 (energy, valence, danceability, acousticness, instrumentalness, …), tempo "
        "in beats per minute, loudness in LUFS. Unknown values are absent."
    )
    key: str | None = Field(description="The musical key, such as Am; null if none was found.")
    similarity: float | None = Field(description="Cosine similarity to the other song, −1 to 1; null without one.")
    differences: dict[str, float] = Field(
        description="The values in which the two songs differ, this song's minus the other's, largest first."
    )


class Done(BaseModel):
    """What was stored."""

    message: str
