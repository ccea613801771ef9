"""Requests and responses of Spotify's Web API, with its field names. Unknown values are what Spotify's types allow."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from services.api.request_limits import (
    COMPAT_DEFAULT,
    SEEDS_DRAWN_MAX,
    SEEDS_MAX,
    SPOTIFY_IDS_MAX,
    SPOTIFY_OFFSET_MAX,
    SPOTIFY_PAGE_MAX,
    TEXT_MAX,
)
from services.api.schemas.tracks import Response, is_none
from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.measures import MEASURES
from services.domain.question import RESULTS_MAX

UNKNOWN: dict[str, float] = {
    **dict.fromkeys((*ATTRIBUTES, "tempo", "mode", "time_signature", "duration_ms"), 0),
    "key": -1,
    "loudness": -60,
}
"""The numbers that stand for unknown values, because Spotify's types have no null. Conditions apply to them."""

FEATURES = tuple(sorted(UNKNOWN))
IGNORED = ("popularity",)
"""Values that Segue does not have. Conditions and targets on them are ignored."""

NO_MARKETS = "Always empty: Segue has no markets."
NOT_KNOWN = "Always 0: not known."
LINK = "A link to this service."


class _Query(BaseModel):
    """Query parameters; unknown ones are ignored, as in Spotify's API."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _RecommendationsQuery(_Query):
    """Seeds, conditions and targets."""

    seed_tracks: str = Field(default="", description="Track ids, separated by commas.")
    seed_artists: str = Field(
        default="", description="Artists, separated by commas: the ids of track objects, or names."
    )
    seed_genres: str = Field(
        default="", description="Genres of the library, or tags of the analysis, separated by commas."
    )
    limit: int = Field(default=COMPAT_DEFAULT, ge=1, le=RESULTS_MAX, description="Maximum number of tracks.")
    market: str = Field(default="", description="Ignored: Segue has no markets.")

    @property
    def tracks(self) -> list[str]:
        """The seed tracks."""
        return comma_separated(self.seed_tracks)

    @property
    def artists(self) -> list[str]:
        """The seed artists."""
        return comma_separated(self.seed_artists)

    @property
    def genres(self) -> list[str]:
        """The seed genres."""
        return comma_separated(self.seed_genres)

    @model_validator(mode="after")
    def _has_seeds(self) -> Self:
        drawn = len(self.artists) + len(self.genres)
        if not self.tracks and not drawn:
            raise _invalid("seed_tracks", "Give at least one seed: seed_tracks, seed_artists or seed_genres")
        if len(self.tracks) + drawn > SEEDS_MAX:
            raise _invalid("seed_tracks", f"Give at most {SEEDS_MAX} seeds")
        if drawn > SEEDS_DRAWN_MAX:
            raise _invalid("seed_artists", f"Give at most {SEEDS_DRAWN_MAX} artists and genres")
        return self

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> Self:
        for name, limits in self._ranges().items():
            if limits.min is not None and limits.max is not None and limits.min > limits.max:
                raise _invalid(f"min_{name}", f"must not be greater than `max_{name}`")
        return self

    def filters(self) -> Filters:
        """Return the conditions. An unknown value meets a condition if the number that stands for it does."""
        ranges = self._ranges()
        met = frozenset(name for name, limits in ranges.items() if _is_within(UNKNOWN[name], limits))
        return Filters(ranges=ranges, or_unknown=met)

    def targets(self) -> dict[str, float]:
        """Return the values to aim for, by name."""
        values = {name: getattr(self, f"target_{name}") for name in FEATURES}
        return {name: value for name, value in values.items() if value is not None}

    def _ranges(self) -> dict[str, Range]:
        ranges = {name: Range(getattr(self, f"min_{name}"), getattr(self, f"max_{name}")) for name in FEATURES}
        return {name: limits for name, limits in ranges.items() if limits != Range()}


class TracksQuery(_Query):
    """Selects tracks."""

    ids: str = Field(description=f"Track ids, separated by commas; at most {SPOTIFY_IDS_MAX}.")

    @property
    def tracks(self) -> list[str]:
        """The ids in order, with duplicates."""
        return comma_separated(self.ids, distinct=False)

    @model_validator(mode="after")
    def _has_some_ids(self) -> Self:
        if not self.tracks:
            raise _invalid("ids", "Give at least one id")
        if len(self.tracks) > SPOTIFY_IDS_MAX:
            raise _invalid("ids", f"Give at most {SPOTIFY_IDS_MAX} ids")
        return self


class SpotifySearchQuery(_Query):
    """Words and conditions on the names of tracks."""

    q: str = Field(
        min_length=1,
        max_length=TEXT_MAX,
        description="Words of title, artist and album, and conditions: `track:`, `artist:`, `album:`, `genre:`, "
        "`year:2012` or `year:2010-2015`, `isrc:`. Values with spaces may be in quotation marks.",
    )
    type: str = Field(description="`track`. Segue finds nothing of the other types of a list.")
    limit: int = Field(default=COMPAT_DEFAULT, ge=1, le=SPOTIFY_PAGE_MAX, description="Maximum number of tracks.")
    offset: int = Field(default=0, ge=0, le=SPOTIFY_OFFSET_MAX, description="Number of tracks to skip.")
    market: str = Field(default="", description="Ignored: Segue has no markets.")

    @model_validator(mode="after")
    def _is_for_tracks(self) -> Self:
        if "track" not in comma_separated(self.type):
            raise _invalid("type", "Only the type `track` is supported")
        return self


def comma_separated(text: str, *, distinct: bool = True) -> list[str]:
    """Return the parts between commas, without empty ones and, if `distinct`, without duplicates."""
    parts = [part for each in text.split(",") if (part := each.strip())]
    return list(dict.fromkeys(parts)) if distinct else parts


def _is_within(value: float, limits: Range) -> bool:
    return (limits.min is None or value >= limits.min) and (limits.max is None or value <= limits.max)


def _invalid(parameter: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("invalid", "{message}", {"parameter": parameter, "message": message})


def _feature_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in sorted((*FEATURES, *IGNORED)):
        meaning = f"{MEASURES[name].meaning}." if name in FEATURES else "Ignored: Segue does not have this value."
        for prefix, role in (("min", "Minimum. "), ("max", "Maximum. "), ("target", "Value to aim for. ")):
            fields[f"{prefix}_{name}"] = (float | None, Field(default=None, description=role + meaning))
    return fields


SpotifyQuery: type[_RecommendationsQuery] = create_model(
    "SpotifyQuery", __base__=_RecommendationsQuery, __doc__=_RecommendationsQuery.__doc__, **_feature_fields()
)


class SpotifyUrls(Response):
    """Links for people."""

    spotify: str = Field(
        description="The track at Spotify if it has a registered Spotify id, else a link to this service."
    )


class SpotifyIds(Response):
    """External ids."""

    isrc: str | None = Field(default=None, exclude_if=is_none, description="Absent if the track has no ISRC.")


class SpotifyImage(Response):
    """A cover."""

    url: str = Field(description="The picture, or a drawing of the music. If keys are required, it takes a token.")
    height: int
    width: int


class SpotifyArtist(Response):
    """An artist."""

    external_urls: SpotifyUrls
    href: str = Field(description="The artist in this API.")
    id: str = Field(description="The id of Segue's artist without `ar-`; zeros if the file's tags name no artist.")
    name: str = Field(description="Empty if the file's tags name no artist.")
    type: str = "artist"
    uri: str


class SpotifyFollowers(Response):
    """The number of followers."""

    href: str | None = Field(default=None, description="Always null.")
    total: int = Field(default=0, description=NOT_KNOWN)


class SpotifyFullArtist(SpotifyArtist):
    """An artist with genres and a cover."""

    followers: SpotifyFollowers = SpotifyFollowers()
    genres: list[str] = Field(description="The genres of the artist's typical tracks.")
    images: list[SpotifyImage]
    popularity: int = Field(default=0, description=NOT_KNOWN)


class SpotifyAlbum(Response):
    """An album of an artist."""

    album_type: str = Field(description="`album`; `single` for a track whose tags name no album.")
    artists: list[SpotifyArtist]
    available_markets: list[str] = Field(description=NO_MARKETS)
    external_urls: SpotifyUrls
    href: str = Field(description="The album in Segue's own API.")
    id: str = Field(description="The id of Segue's album without `al-`; the id of the track if its tags name no album.")
    images: list[SpotifyImage]
    name: str = Field(description="Empty if the file's tags name no album.")
    release_date: str = Field(description="The year; `0000` if it is not known.")
    release_date_precision: str = "year"
    total_tracks: int = Field(description="Number of tracks of the album in this library.")
    type: str = "album"
    uri: str


class SpotifyTrack(Response):
    """A track in Spotify's format."""

    album: SpotifyAlbum
    artists: list[SpotifyArtist]
    available_markets: list[str] = Field(description=NO_MARKETS)
    disc_number: int = Field(description="1 if it is not known.")
    duration_ms: int = Field(description="Length in milliseconds; 0 if it is not known.")
    explicit: bool = Field(description="Always false: not known.")
    external_ids: SpotifyIds
    external_urls: SpotifyUrls
    href: str = Field(description=LINK)
    id: str = Field(description="A registered Spotify id, or the Segue id written as 22 letters and digits.")
    is_local: bool = False
    is_playable: bool = Field(description="Whether the track has a file.")
    name: str
    popularity: int = Field(description=NOT_KNOWN)
    preview_url: str | None = Field(
        description="The audio file, from this service, with its highlight as a media fragment; null without a file."
    )
    track_number: int = Field(description="0 if it is not known.")
    type: str = "track"
    uri: str


class SpotifyTracks(Response):
    """Tracks in the order of the ids. Unknown ids give null."""

    tracks: list[SpotifyTrack | None]


class SpotifyTrackPage(Response):
    """A page of tracks."""

    href: str
    items: list[SpotifyTrack]
    limit: int
    next: str | None = Field(description="The next page; null on the last.")
    offset: int
    previous: str | None = Field(description="The page before; null on the first.")
    total: int = Field(description="Number of tracks on all pages.")


class SpotifySearch(Response):
    """What a search found."""

    tracks: SpotifyTrackPage


class SpotifyGenreSeeds(Response):
    """Genres that `seed_genres` accepts."""

    genres: list[str] = Field(description="Genres of the files, then tags of the analysis.")


class SpotifySeed(Response):
    """A seed, and the number of tracks that it could lead to."""

    afterFilteringSize: int = Field(description="Number of those tracks that meet every `min_*` and `max_*`.")
    afterRelinkingSize: int = Field(description="Same as `afterFilteringSize`: Segue does not relink tracks.")
    href: str | None = Field(description="A link to this service; null for genres and unknown seeds.")
    id: str = Field(description="The seed, as it was sent.")
    initialPoolSize: int = Field(
        description="Number of analysed tracks without the seed tracks; 0 if the seed is not in the library."
    )
    type: str = Field(description="`TRACK`, `ARTIST` or `GENRE`.")


class SpotifyRecommendations(Response):
    """Tracks to play next, in Spotify's format."""

    seeds: list[SpotifySeed]
    tracks: list[SpotifyTrack]


class SpotifyAudioFeatures(Response):
    """The analysis of a track in Spotify's format. Spotify's types have no null, so unknown values are 0."""

    acousticness: float
    analysis_url: str = Field(description="A link to the complete analysis in this service.")
    danceability: float
    duration_ms: int = Field(description="Length in milliseconds; 0 if it is not known.")
    energy: float
    id: str
    instrumentalness: float
    key: int = Field(description="0 (C) to 11 (B); −1 if no key was found.")
    liveness: float
    loudness: float = Field(description="Integrated loudness in LUFS; −60 if it is not known.")
    mode: int = Field(description="1 for major; 0 for minor, or if it is not known.")
    speechiness: float
    tempo: float = Field(description="Beats per minute; 0 if it is not known.")
    time_signature: int = Field(description="Beats in a bar; 0 if it is not known.")
    track_href: str = Field(description=LINK)
    type: str = "audio_features"
    uri: str
    valence: float


class SpotifyAudioFeaturesList(Response):
    """The analyses of several tracks, in the order of the ids. Ids that match no analysed track give null."""

    audio_features: list[SpotifyAudioFeatures | None]


class SpotifyErrorDetail(Response):
    """The status and the message of an error."""

    status: int = Field(description="The HTTP status.")
    message: str = Field(description="What is wrong, for people.")


class SpotifyError(Response):
    """An error in Spotify's format."""

    error: SpotifyErrorDetail
