"""Spotify's `recommendations` and `audio-features`, closed to new apps there, answered from this library."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint

from services.api.compat.names import artists, genres, names_of_id, spotify_tracks
from services.api.compat.paths import SPOTIFY
from services.api.compat.spotify.objects import audio_features, search_link, track_link, track_objects
from services.api.compat.spotify.query import FeaturesQuery, SpotifyQuery
from services.api.compat.spotify.schemas import (
    SpotifyAudioFeatures,
    SpotifyAudioFeaturesList,
    SpotifyRecommendations,
    SpotifySeed,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.security.authentication import optional
from services.api.security.permissions import API_KEY_HEADER, BEARER, Access, set_default_access
from services.api.v1.presenters import rejected_by_asker
from services.domain.access import Scope
from services.domain.errors import NotFound
from services.domain.filters import Filters
from services.domain.question import Exclusion, Question
from services.domain.track import Track

spotify = Blueprint("spotify", __name__, url_prefix=SPOTIFY)
set_default_access(spotify, Access((Scope.READ,), key_locations=(optional(BEARER), API_KEY_HEADER), expensive=True))


TRACK = "TRACK"
NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class _Start:
    """A seed as it was asked for, and the analysed tracks that it stands for."""

    name: str
    kind: str
    tracks: tuple[str, ...] = ()
    link: str | None = None

    def described(self, before: int, after: int) -> SpotifySeed:
        """The seed as Spotify described it, with the tracks there are before and after conditions."""
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
        super().__init__(f"analysis not found: no analysed track has the id '{name}'")


@spotify.get("/recommendations")
@operation(
    "spotifyRecommendations",
    "What to play next, in Spotify's shape",
    query=SpotifyQuery,
    returns=SpotifyRecommendations,
)
def recommend(query: Any) -> SpotifyRecommendations:  # noqa: ANN401  its fields are made at run time
    """Start from tracks, artists and genres, which weigh alike, and answer tracks that meet every min_* and max_*.

    The seed tracks are left out; other tracks of the seed artists and genres are not.
    """
    starts = [*_tracks(query.tracks), *_artists(query.artists), *_genres(query.genres)]
    question = Question(
        limit=query.limit,
        filters=query.filters(),
        targets=query.targets(),
        exclude=Exclusion(tracks=tuple(start.tracks[0] for start in starts if start.kind == TRACK and start.tracks)),
    )
    out = replace(question.exclude, tracks=(*question.exclude.tracks, *rejected_by_asker()))
    found = services().recommender.seeded([start.tracks for start in starts], replace(question, exclude=out))
    known = services().catalogue.tracks.get_many([each.track_id for each in found])
    pools = _pools(question)
    return SpotifyRecommendations(
        seeds=[start.described(*(pools if start.tracks else NOTHING)) for start in starts],
        tracks=track_objects(known[each.track_id] for each in found if each.track_id in known),
    )


@spotify.get("/audio-features", strict_slashes=False)
@operation(
    "spotifySeveralAudioFeatures",
    "The analyses of several tracks, in Spotify's shape",
    query=FeaturesQuery,
    returns=SpotifyAudioFeaturesList,
)
def several(query: FeaturesQuery) -> SpotifyAudioFeaturesList:
    """Analyses in the order of the ids; null for an id that no analysed track has."""
    analysed = _analysed(query.tracks)
    return SpotifyAudioFeaturesList(
        audio_features=[audio_features(analysed[name]) if name in analysed else None for name in query.tracks]
    )


@spotify.get("/audio-features/<path:track_id>")
@operation("spotifyAudioFeatures", "The analysis of a track, in Spotify's shape", returns=SpotifyAudioFeatures)
def one(track_id: str) -> SpotifyAudioFeatures:
    """What the analysis found, under Spotify's names. What is not known is 0."""
    analysed = _analysed([track_id])
    if track_id not in analysed:
        raise AnalysisNotFound(track_id)
    return audio_features(analysed[track_id])


def _analysed(names: Iterable[str]) -> dict[str, Track]:
    resolved = spotify_tracks(names)
    tracks = services().catalogue.tracks.get_many(list(dict.fromkeys(resolved.values())))
    found = {name: tracks[track_id] for name, track_id in resolved.items() if track_id in tracks}
    return {name: track for name, track in found.items() if track.model_version is not None}


def _tracks(names: Sequence[str]) -> list[_Start]:
    resolved = spotify_tracks(names)
    ready = services().catalogue.tracks.embedded(list(resolved.values()))
    there = {name: track_id for name, track_id in resolved.items() if track_id in ready}
    return [
        _Start(name, TRACK, (there[name],), track_link(there[name])) if name in there else _Start(name, TRACK)
        for name in names
    ]


def _artists(names: Sequence[str]) -> list[_Start]:
    links = {name: search_link((names_of_id(name) or (name,))[0]) for name in names}
    return [_Start(name, "ARTIST", tracks, links[name] if tracks else None) for name, tracks in artists(names).items()]


def _genres(names: Sequence[str]) -> list[_Start]:
    return [_Start(name, "GENRE", tracks) for name, tracks in genres(names).items()]


def _pools(question: Question) -> tuple[int, int]:
    """How many tracks may be answered, and how many of them meet the conditions."""
    index, excluded = services().index, frozenset(question.exclude.tracks)
    before = index.count_matching(Filters(), excluded)
    return before, index.count_matching(question.filters, excluded) if question.filters.ranges else before
