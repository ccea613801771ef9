"""Spotify's `recommendations` and `audio-features`, which Spotify closed to new apps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint

from services.api.compat.ids import artists, genres, names_of_id, rejected_tracks, spotify_tracks
from services.api.compat.spotify.objects import audio_features, search_link, track_link, track_objects
from services.api.compat.spotify.schemas import (
    FeaturesQuery,
    SpotifyAudioFeatures,
    SpotifyAudioFeaturesList,
    SpotifyQuery,
    SpotifyRecommendations,
    SpotifySeed,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.security.authentication import optional
from services.api.security.permissions import API_KEY_HEADER, BEARER, Access, set_default_access
from services.domain.access import Scope
from services.domain.errors import NotFound
from services.domain.filters import Filters
from services.domain.question import Exclusion, Question
from services.domain.track import Track

spotify = Blueprint("spotify", __name__, url_prefix="/v1/compat/spotify")
set_default_access(spotify, Access((Scope.READ,), key_locations=(optional(BEARER), API_KEY_HEADER), expensive=True))

TRACK = "TRACK"
NO_TRACKS = (0, 0)
"""Pool sizes of an unknown seed."""


@dataclass(frozen=True, slots=True)
class _Seed:
    """A seed as it was sent, and the analysed tracks that represent it."""

    name: str
    kind: str
    tracks: tuple[str, ...] = ()
    link: str | None = None

    def response(self, before: int, after: int) -> SpotifySeed:
        """Return Spotify's seed object with the number of tracks before and after filtering."""
        return SpotifySeed(
            afterFilteringSize=after,
            afterRelinkingSize=after,
            href=self.link,
            id=self.name,
            initialPoolSize=before,
            type=self.kind,
        )


class AnalysisNotFound(NotFound):
    """No analysed track has this id."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No analysed track has the id '{name}'.")


@spotify.get("/recommendations")
@operation(
    "spotifyRecommendations",
    "Recommend tracks (Spotify)",
    query=SpotifyQuery,
    returns=SpotifyRecommendations,
)
def recommend(query: Any) -> SpotifyRecommendations:  # noqa: ANN401  its fields are made at run time
    """Get tracks that follow seed tracks, artists and genres and meet every `min_*` and `max_*`.

    All seeds have the same weight. The seed tracks are left out; other tracks of the seed artists and genres are not.
    """
    seeds = [*_tracks(query.tracks), *_artists(query.artists), *_genres(query.genres)]
    question = Question(
        limit=query.limit,
        filters=query.filters(),
        targets=query.targets(),
        exclude=Exclusion(tracks=tuple(seed.tracks[0] for seed in seeds if seed.kind == TRACK and seed.tracks)),
    )
    excluded = replace(question.exclude, tracks=(*question.exclude.tracks, *rejected_tracks()))
    found = services().recommender.seeded([seed.tracks for seed in seeds], replace(question, exclude=excluded))
    known = services().catalogue.tracks.get_many([each.track_id for each in found])
    pools = _pools(question)
    return SpotifyRecommendations(
        seeds=[seed.response(*(pools if seed.tracks else NO_TRACKS)) for seed in seeds],
        tracks=track_objects(known[each.track_id] for each in found if each.track_id in known),
    )


@spotify.get("/audio-features", strict_slashes=False)
@operation(
    "spotifySeveralAudioFeatures",
    "Get the analyses of several tracks (Spotify)",
    query=FeaturesQuery,
    returns=SpotifyAudioFeaturesList,
)
def get_several_audio_features(query: FeaturesQuery) -> SpotifyAudioFeaturesList:
    """Get analyses in the order of the ids. Ids that match no analysed track give null."""
    analysed = _analysed(query.tracks)
    return SpotifyAudioFeaturesList(
        audio_features=[audio_features(analysed[name]) if name in analysed else None for name in query.tracks]
    )


@spotify.get("/audio-features/<path:track_id>")
@operation("spotifyAudioFeatures", "Get the analysis of a track (Spotify)", returns=SpotifyAudioFeatures)
def get_audio_features(track_id: str) -> SpotifyAudioFeatures:
    """Get the analysis of a track under Spotify's names. Unknown values are 0, or −1 (`key`) or −60 (`loudness`)."""
    analysed = _analysed([track_id])
    if track_id not in analysed:
        raise AnalysisNotFound(track_id)
    return audio_features(analysed[track_id])


def _analysed(names: Iterable[str]) -> dict[str, Track]:
    resolved = spotify_tracks(names)
    tracks = services().catalogue.tracks.get_many(list(dict.fromkeys(resolved.values())))
    found = {name: tracks[track_id] for name, track_id in resolved.items() if track_id in tracks}
    return {name: track for name, track in found.items() if track.model_version is not None}


def _tracks(names: Sequence[str]) -> list[_Seed]:
    resolved = spotify_tracks(names)
    ready = services().catalogue.tracks.embedded(list(resolved.values()))
    usable = {name: track_id for name, track_id in resolved.items() if track_id in ready}
    return [
        _Seed(name, TRACK, (usable[name],), track_link(usable[name])) if name in usable else _Seed(name, TRACK)
        for name in names
    ]


def _artists(names: Sequence[str]) -> list[_Seed]:
    links = {name: search_link((names_of_id(name) or (name,))[0]) for name in names}
    return [_Seed(name, "ARTIST", tracks, links[name] if tracks else None) for name, tracks in artists(names).items()]


def _genres(names: Sequence[str]) -> list[_Seed]:
    return [_Seed(name, "GENRE", tracks) for name, tracks in genres(names).items()]


def _pools(question: Question) -> tuple[int, int]:
    """Return the number of tracks without the excluded ones, and how many of them meet the conditions."""
    index, excluded = services().index, frozenset(question.exclude.tracks)
    before = index.count_matching(Filters(), excluded)
    return before, index.count_matching(question.filters, excluded) if question.filters.ranges else before
