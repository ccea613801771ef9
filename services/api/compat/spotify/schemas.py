"""What Spotify's Web API answered, field for field; where Segue knows nothing, what Spotify's types allow."""

from pydantic import Field

from services.api.schemas.tracks import Response, is_none

LINK = "A link into this service."


class SpotifyUrls(Response):
    """Where a person finds it."""

    spotify: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="At Spotify, where a Spotify id is registered; otherwise a link into this service. Absent for "
        "artists and albums.",
    )


class SpotifyIds(Response):
    """External ids."""

    isrc: str | None = Field(default=None, exclude_if=is_none, description="Absent where the track has no ISRC.")


class SpotifyImage(Response):
    """A cover."""

    url: str
    height: int | None
    width: int | None


class SpotifyArtist(Response):
    """An artist, by name."""

    external_urls: SpotifyUrls
    href: str | None = Field(description="A link into this service that lists the artist's tracks.")
    id: str | None = Field(description="Made from the name; null where there is none or it is very long.")
    name: str = Field(description="Empty where the file names no artist.")
    type: str = "artist"
    uri: str | None


class SpotifyAlbum(Response):
    """An album, by its artist and its name."""

    album_type: str = "album"
    artists: list[SpotifyArtist]
    available_markets: list[str] = Field(description="Always empty: Segue knows no markets.")
    external_urls: SpotifyUrls
    href: str | None = Field(description="A link into this service that lists the album's tracks.")
    id: str | None
    images: list[SpotifyImage] = Field(description="Always empty: Segue keeps no covers.")
    name: str = Field(description="Empty where the file names no album.")
    release_date: str = Field(description="The year; `0000` where it is not known.")
    release_date_precision: str = "year"
    total_tracks: int = Field(description="Analysed tracks of it in this library.")
    type: str = "album"
    uri: str | None


class SpotifyTrack(Response):
    """A track as Spotify had it."""

    album: SpotifyAlbum
    artists: list[SpotifyArtist]
    available_markets: list[str] = Field(description="Always empty: Segue knows no markets.")
    disc_number: int = Field(description="Always 0: not known.")
    duration_ms: int
    explicit: bool = Field(description="Always false: not known.")
    external_ids: SpotifyIds
    external_urls: SpotifyUrls
    href: str = Field(description=LINK)
    id: str = Field(description="A registered Spotify id, or Segue's own in 22 letters and digits.")
    is_local: bool = False
    is_playable: bool = Field(description="Whether a file holds it.")
    name: str
    popularity: int = Field(description="Always 0: not known.")
    preview_url: str | None = Field(description="The whole file, from this service.")
    track_number: int = Field(description="Always 0: not known.")
    type: str = "track"
    uri: str


class SpotifySeed(Response):
    """A starting point, and how much there was to choose from."""

    afterFilteringSize: int = Field(description="How many of `initialPoolSize` meet every min_* and max_*.")
    afterRelinkingSize: int = Field(description="The same: nothing is relinked.")
    href: str | None = Field(description="A link into this service; null for a genre and what is not known.")
    id: str = Field(description="As it was asked for.")
    initialPoolSize: int = Field(
        description="Analysed tracks that may be answered: all but the seed tracks. 0 where the seed is not known."
    )
    type: str = Field(description="TRACK, ARTIST or GENRE.")


class SpotifyRecommendations(Response):
    """What to play next, as Spotify answered it."""

    seeds: list[SpotifySeed]
    tracks: list[SpotifyTrack]


class SpotifyAudioFeatures(Response):
    """What the analysis found, as Spotify answered it. Its types know no null: what is not known is 0."""

    acousticness: float
    analysis_url: str = Field(description="Everything that the analysis found, from this service.")
    danceability: float
    duration_ms: int
    energy: float
    id: str
    instrumentalness: float
    key: int = Field(description="0 (C) to 11 (B); −1 where no key was found.")
    liveness: float = Field(description="0 where it is not known.")
    loudness: float = Field(description="Integrated loudness in LUFS; −60 where it is not known.")
    mode: int = Field(description="1 (major) or 0 (minor, or not known).")
    speechiness: float = Field(description="0 where it is not known.")
    tempo: float = Field(description="Beats per minute; 0 where it is not known.")
    time_signature: int = Field(description="Beats in a bar; 0 where it is not known.")
    track_href: str = Field(description=LINK)
    type: str = "audio_features"
    uri: str
    valence: float


class SpotifyAudioFeaturesList(Response):
    """Several of them, in the order of the ids; null for an id that no analysed track has."""

    audio_features: list[SpotifyAudioFeatures | None]


class SpotifyErrorDetail(Response):
    """What went wrong."""

    status: int = Field(description="The HTTP status.")
    message: str = Field(description="A sentence for a person.")


class SpotifyError(Response):
    """An error as Spotify answered it."""

    error: SpotifyErrorDetail
