"""Build responses from domain objects and the tracks of the catalogue.

Tracks that have left the library since the vector index returned them are left out.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from services.api.answers import Label
from services.api.schemas.features import AudioFeatures
from services.api.schemas.listens import ListenCounts
from services.api.schemas.media import FittingTrack, MatchedTrack, SeenPicture
from services.api.schemas.radio import Direction, NextTracks, Path, PathTrack, RadioTrack
from services.api.schemas.recommendations import Recommendations
from services.api.schemas.tastes import DismissedTaste, ListenerTaste, OwnTaste, RemovedTrack, TasteTrack
from services.api.schemas.tracks import RecommendedTrack, SimilarTrack, Taste
from services.api.schemas.tracks import Track as TrackShown
from services.api.schemas.words import FoundTrack, Match, SearchResults, Understood
from services.domain import listening
from services.domain.listening import Answer, ListenerTastes, Recommendation, ShownTaste
from services.domain.radio import RadioAnswer
from services.domain.track import Description, Embedded, Track
from services.domain.words import WeightedText
from services.index import Hit
from services.recommend.finder import Found
from services.recommend.path import PathStep
from services.recommend.videos import Fit
from services.tasks.questions import PictureReading

Shown = TypeVar("Shown", SimilarTrack, RecommendedTrack, RadioTrack, FoundTrack)

Tracks = Mapping[str, Track]
"""Tracks of the catalogue by id."""


def similar_tracks(found: Sequence[Recommendation], tracks: Tracks) -> list[SimilarTrack]:
    """Return the response for neighbours of a track."""
    return [_scored(SimilarTrack, each, tracks) for each in found if each.track_id in tracks]


def matched_tracks(found: Sequence[Hit], tracks: Tracks) -> list[MatchedTrack]:
    """Return the response for neighbours of a clip or a picture."""
    return [MatchedTrack.of(tracks[hit.id], score=hit.score) for hit in found if hit.id in tracks]


def seen_picture(reading: PictureReading) -> SeenPicture:
    """Return the response for what was understood of a picture."""
    return SeenPicture.model_validate(reading.model_dump(exclude={"embedding"}))


def fitting_tracks(found: Sequence[Fit]) -> list[FittingTrack]:
    """Return the response for tracks that fit a video."""
    return [
        FittingTrack.of(fit.track, score=fit.score, mood=fit.mood, length=fit.length, build=fit.build) for fit in found
    ]


def recommendations(
    answer: Answer,
    tracks: Tracks,
    logged: Label,
    words: Sequence[WeightedText] = (),
    pictures: Sequence[PictureReading] = (),
) -> Recommendations:
    """Return the response for an answer of the recommender; `logged` says how it was logged."""
    return Recommendations(
        tracks=[
            _scored(RecommendedTrack, each, tracks, taste=each.taste, rank_score=each.rank_score)
            for each in answer.recommendations
            if each.track_id in tracks
        ],
        tastes=[Taste.of(taste) for taste in answer.tastes],
        understood=[Understood.of(text) for text in words],
        pictures=[seen_picture(reading) for reading in pictures],
        unknown=list(answer.unknown),
        **logged,
    )


TASTE_TRACKS_MAX = 12
"""Heaviest tracks that are shown of a taste."""


def shown_tracks(found: ListenerTastes) -> list[str]:
    """Return the tracks that the response for a listener's tastes shows."""
    return [name for taste in found.tastes for name, _ in taste.plays[:TASTE_TRACKS_MAX]]


def tastes(
    found: ListenerTastes, removed: Sequence[listening.RemovedTrack], counts: listening.ListenCounts, tracks: Tracks
) -> ListenerTaste:
    """Return the response for a listener's tastes."""
    return ListenerTaste(
        tastes=[_own_taste(taste, found, tracks) for taste in found.tastes],
        dismissed=[
            DismissedTaste(id=each.id, label=each.label, at=each.dismissed_at, plays=list(each.plays))
            for each in found.dismissed
            if each.dismissed_at is not None
        ],
        removed=[
            RemovedTrack(at=each.at, track=TrackShown.of(tracks[each.track_id]))
            for each in removed
            if each.track_id in tracks
        ],
        counts=ListenCounts.of(counts),
    )


def _own_taste(taste: ShownTaste, found: ListenerTastes, tracks: Tracks) -> OwnTaste:
    total = sum(weight for _, weight in taste.plays)
    return OwnTaste(
        id=taste.id,
        label=taste.described.label,
        weight=taste.described.weight,
        plays=list(taste.described.plays),
        tracks=[
            TasteTrack.of(tracks[name], share=weight / total, plays=found.plays.get(name, 0), liked=name in found.liked)
            for name, weight in taste.plays[:TASTE_TRACKS_MAX]
            if name in tracks
        ],
    )


def search_results(found: Found, tracks: Tracks) -> SearchResults:
    """Return the response for a search."""
    shown = [
        FoundTrack.of(tracks[named.track_id], match=Match(named.field), score=None, because_of=[])
        for named in found.named
        if named.track_id in tracks
    ]
    shown += [
        _scored(FoundTrack, each, tracks, match=Match.VIBE) for each in found.recommendations if each.track_id in tracks
    ]
    return SearchResults(text=found.read.understood.text, understood=Understood.of(found.read), tracks=shown)


def radio_tracks(answer: RadioAnswer, tracks: Tracks, logged: Label) -> NextTracks:
    """Return the response for the next tracks of a radio session."""
    return NextTracks(
        tracks=[
            _scored(RadioTrack, pick.recommendation, tracks, direction=pick.direction)
            for pick in answer.picks
            if pick.recommendation.track_id in tracks
        ],
        directions=[Direction.described(direction) for direction in answer.directions],
        unknown=list(answer.unknown),
        understood=[Understood.of(text) for text in answer.words.texts],
        mood=answer.words.mood,
        **logged,
    )


def path(steps: Sequence[PathStep], tracks: Tracks) -> Path:
    """Return the response for a path."""
    return Path(
        tracks=[
            PathTrack.of(tracks[step.track_id], similarity=step.similarity) for step in steps if step.track_id in tracks
        ]
    )


def audio_features(track: Track, embedded: Embedded | None, described: Description | None) -> AudioFeatures:
    """Return the response for the analysis of a track; a track that is not ready has no embedding."""
    return AudioFeatures.model_validate(
        {
            **(track.descriptors or {}),
            **(track.attributes or {}),
            "id": track.id,
            "duration_ms": track.duration_ms,
            "model_version": track.model_version,
            "tags": {} if described is None else described.tags,
            "embedding": None if embedded is None else embedded.vector.tolist(),
        }
    )


def _scored(kind: type[Shown], found: Recommendation, tracks: Tracks, **more: object) -> Shown:
    return kind.of(tracks[found.track_id], score=found.score, because_of=list(found.because_of), **more)
