"""Spotify's `recommendations` and `audio-features`, which Spotify closed to new apps, and what their clients need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

from flask import Blueprint, request
from werkzeug.datastructures import MultiDict

from services.api.answers import open_answer, record
from services.api.compat.ids import artists, genres, rejected_tracks, spotify_tracks
from services.api.compat.spotify.objects import (
    PREFIX,
    artist_link,
    audio_features,
    full_artist,
    track_link,
    track_objects,
)
from services.api.compat.spotify.schemas import (
    SpotifyAudioFeatures,
    SpotifyAudioFeaturesList,
    SpotifyFullArtist,
    SpotifyGenreSeeds,
    SpotifyQuery,
    SpotifyRecommendations,
    SpotifySearch,
    SpotifySearchQuery,
    SpotifySeed,
    SpotifyTrack,
    SpotifyTrackPage,
    SpotifyTracks,
    TracksQuery,
)
from services.api.compat.spotify.search import Wanted, find
from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import SPOTIFY_OFFSET_MAX
from services.api.security.authentication import optional
from services.api.security.permissions import API_KEY_HEADER, BEARER, Access, needs, set_default_access
from services.catalog.names import id_of_key
from services.catalog.questions import question_as_json
from services.domain.access import Scope
from services.domain.errors import NotFound, TrackNotFound
from services.domain.filters import Filters
from services.domain.library import ARTIST_PREFIX
from services.domain.names import text_key
from services.domain.question import Exclusion, Question
from services.domain.recommendation_log import AnswerKind
from services.domain.track import Track

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VERSIONED = f"{PREFIX}/v1/"
"""Where clients ask that put `/v1/` between their base URL and every path."""


class WithoutVersion:
    """WSGI middleware that removes the `v1/` of such clients, so that each operation has one route."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Call the application with the path without the version."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(VERSIONED):
            environ["PATH_INFO"] = f"{PREFIX}/{path.removeprefix(VERSIONED)}"
        return self._app(environ, start_response)


KEYS = (optional(BEARER), API_KEY_HEADER)

spotify = Blueprint("spotify", __name__, url_prefix=PREFIX)
set_default_access(spotify, Access((Scope.READ,), key_locations=KEYS))

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


class ArtistNotFound(NotFound):
    """No track is by the artist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The library has no artist with the id or the name '{name}'.")


class NoAudioAnalysis(NotFound):
    """Segue does not measure what Spotify's `audio-analysis` contains."""

    def __init__(self) -> None:
        super().__init__(
            "Segue has no analysis by bars, beats, segments and sections. audio-features/{id} has tempo, key, mode, "
            "time signature and loudness of the whole track."
        )


@spotify.get("/tracks", strict_slashes=False)
@operation("spotifySeveralTracks", "Get several tracks (Spotify)", query=TracksQuery, returns=SpotifyTracks)
def get_several_tracks(query: TracksQuery) -> SpotifyTracks:
    """Get tracks in the order of the ids. Unknown ids give null."""
    found = _found(query.tracks)
    shown = dict(zip(found, track_objects(found.values()), strict=True))
    return SpotifyTracks(tracks=[shown.get(name) for name in query.tracks])


@spotify.get("/tracks/<path:track_id>")
@operation("spotifyTrack", "Get a track (Spotify)", returns=SpotifyTrack)
def get_track(track_id: str) -> SpotifyTrack:
    """Get a track by its Spotify id, its Segue id or an external id."""
    found = _found([track_id])
    if track_id not in found:
        raise TrackNotFound(track_id)
    return track_objects(found.values())[0]


@spotify.get("/artists/<path:artist_id>")
@operation("spotifyArtist", "Get an artist (Spotify)", returns=SpotifyFullArtist)
def get_artist(artist_id: str) -> SpotifyFullArtist:
    """Get an artist by the id in a track object or by name."""
    albums = services().catalogue.albums
    names = (f"{ARTIST_PREFIX}{artist_id.removeprefix(ARTIST_PREFIX)}", id_of_key(text_key(artist_id)))
    known = albums.artists_by_id(set(names))
    artist = next((known[name] for name in names if name in known), None)
    if artist is None:
        raise ArtistNotFound(artist_id)
    tracks = albums.typical(artist.id)
    return full_artist(artist, list(dict.fromkeys(genre for track in tracks for genre in track.genres)))


@spotify.get("/search", strict_slashes=False)
@operation("spotifySearch", "Search for tracks (Spotify)", query=SpotifySearchQuery, returns=SpotifySearch)
@needs(Scope.READ, key_locations=KEYS, expensive=True)
def search(query: SpotifySearchQuery) -> SpotifySearch:
    """Find analysed tracks whose titles and artists have all words of `q`, the best matches first."""
    ids, total = find(Wanted.of(query.q), query.offset, query.limit)
    known = services().catalogue.tracks.get_many(ids)
    before, after = max(0, query.offset - query.limit), query.offset + query.limit
    return SpotifySearch(
        tracks=SpotifyTrackPage(
            href=_page(query.offset),
            items=track_objects(known[each] for each in ids if each in known),
            limit=query.limit,
            next=_page(after) if after < total and after <= SPOTIFY_OFFSET_MAX else None,
            offset=query.offset,
            previous=_page(before) if query.offset else None,
            total=total,
        )
    )


def _page(offset: int) -> str:
    """Return the URL of this search with another offset."""
    parameters = MultiDict(request.args)
    parameters["offset"] = str(offset)
    return f"{request.base_url}?{urlencode(list(parameters.items(multi=True)))}"


@spotify.get("/audio-analysis/<path:track_id>")
@operation("spotifyAudioAnalysis", "Refuse a detailed analysis (Spotify)", status=HTTPStatus.NOT_FOUND)
def refuse_audio_analysis(track_id: str) -> NoReturn:  # noqa: ARG001  the route names it
    """Get an error with the reason: Segue has no analysis by bars, beats, segments and sections."""
    raise NoAudioAnalysis


@spotify.get("/recommendations/available-genre-seeds")
@operation("spotifyGenreSeeds", "List the genres that may be seeds (Spotify)", returns=SpotifyGenreSeeds)
def list_genre_seeds() -> SpotifyGenreSeeds:
    """List the genres of the files, then the tags of the analysis, each with the most frequent first."""
    browsing = services().catalogue.browsing
    names: dict[str, str] = {}
    for each in (*browsing.file_genres(), *browsing.heard_tags()):
        names.setdefault(text_key(each.name), each.name)
    return SpotifyGenreSeeds(genres=[name for name in names.values() if "," not in name])


@spotify.get("/recommendations", strict_slashes=False)
@operation(
    "spotifyRecommendations",
    "Recommend tracks (Spotify)",
    query=SpotifyQuery,
    returns=SpotifyRecommendations,
)
@needs(Scope.READ, key_locations=KEYS, expensive=True)
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
    entry = open_answer(AnswerKind.RECOMMENDATIONS)
    asked = entry.asked(replace(question, exclude=excluded))
    tracks_of_seeds = [seed.tracks for seed in seeds]
    found = services().recommender.seeded(tracks_of_seeds, asked)
    record(entry, partial(question_as_json, asked, seeds=tracks_of_seeds), found)
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
    query=TracksQuery,
    returns=SpotifyAudioFeaturesList,
)
def get_several_audio_features(query: TracksQuery) -> SpotifyAudioFeaturesList:
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


def _found(names: Iterable[str]) -> dict[str, Track]:
    """Return the tracks with these ids, by id as it was sent; unknown ids are absent."""
    resolved = spotify_tracks(names)
    tracks = services().catalogue.tracks.get_many(list(dict.fromkeys(resolved.values())))
    return {name: tracks[track_id] for name, track_id in resolved.items() if track_id in tracks}


def _analysed(names: Iterable[str]) -> dict[str, Track]:
    return {name: track for name, track in _found(names).items() if track.model_version is not None}


def _tracks(names: Sequence[str]) -> list[_Seed]:
    resolved = spotify_tracks(names)
    ready = services().catalogue.tracks.embedded(list(resolved.values()))
    usable = {name: track_id for name, track_id in resolved.items() if track_id in ready}
    return [
        _Seed(name, TRACK, (usable[name],), track_link(name)) if name in usable else _Seed(name, TRACK)
        for name in names
    ]


def _artists(names: Sequence[str]) -> list[_Seed]:
    return [
        _Seed(name, "ARTIST", tracks, artist_link(name) if tracks else None) for name, tracks in artists(names).items()
    ]


def _genres(names: Sequence[str]) -> list[_Seed]:
    return [_Seed(name, "GENRE", tracks) for name, tracks in genres(names).items()]


def _pools(question: Question) -> tuple[int, int]:
    """Return the number of tracks without the excluded ones, and how many of them meet the conditions."""
    index, excluded = services().index, frozenset(question.exclude.tracks)
    before = index.count_matching(Filters(), excluded)
    return before, index.count_matching(question.filters, excluded) if question.filters.ranges else before
