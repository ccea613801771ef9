"""Questions about music: recommendations, similar tracks, searches, paths and moods."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Unpack

from segue_client import models
from segue_client._sync.connection import Answer, Connection
from segue_client.arguments import (
    FiltersLike,
    Heard,
    RecommendationTerms,
    Upload,
    listed,
    parameters,
    recommendation,
    segment,
)
from segue_client.arguments import upload as file_of


class Answers(Connection):
    """Methods that answer what to play."""

    def recommend(
        self,
        history: Iterable[Heard] = (),
        *,
        pictures: Iterable[Path | models.WeightedPictureIn] = (),
        **terms: Unpack[RecommendationTerms],
    ) -> models.Recommendations:
        """What to play after a history, for texts, a mood preset, pictures, a listener, or several of them.

        `history` has ids of played tracks, pairs such as `("id", "skip")`, or events with their times, in any order.
        """
        body = recommendation(history, pictures, terms)
        return self._ask(models.Recommendations, "POST", "/v1/recommendations", json=body)

    def similar(
        self,
        track_id: str,
        *,
        limit: int | None = None,
        filters: FiltersLike | None = None,
        include_fragments: bool | None = None,
    ) -> models.SimilarTracks:
        """The tracks that are most similar to a track."""
        query = parameters(filters, limit=limit, include_fragments=include_fragments)
        return self._get(models.SimilarTracks, f"/v1/tracks/{segment(track_id)}/similar", query)

    def search(
        self, text: str, *, limit: int | None = None, filters: FiltersLike | None = None, mood: str | None = None
    ) -> models.SearchResults:
        """The tracks that a text names, then those that sound as it describes."""
        return self._get(
            models.SearchResults, "/v1/search", parameters(filters, text=text, limit=limit, mood=mood)
        )

    def search_audio(
        self, file: Upload, *, limit: int | None = None, filters: FiltersLike | None = None
    ) -> models.ClipMatches:
        """The tracks that sound like a clip, which is not stored."""
        return self._search(models.ClipMatches, "audio", file, limit, filters)

    def search_image(
        self, file: Upload, *, limit: int | None = None, filters: FiltersLike | None = None
    ) -> models.PictureMatches:
        """The tracks that fit a picture, which is not stored."""
        return self._search(models.PictureMatches, "image", file, limit, filters)

    def search_video(
        self, file: Upload, *, limit: int | None = None, filters: FiltersLike | None = None
    ) -> models.VideoMatches:
        """The tracks that fit a video clip, which is not stored."""
        return self._search(models.VideoMatches, "video", file, limit, filters)

    def path(  # noqa: PLR0913  each is an option
        self,
        start: str,
        end: str,
        *,
        steps: int | None = None,
        filters: FiltersLike | None = None,
        include_fragments: bool | None = None,
        one_per_artist: bool | None = None,
        variety: float | None = None,
        seed: int | None = None,
    ) -> models.Path:
        """A smooth path of at most `steps` tracks from one track to another."""
        options = {"one_per_artist": one_per_artist, "variety": variety, "seed": seed}
        query = parameters(filters, steps=steps, include_fragments=include_fragments, **options)
        return self._get(models.Path, "/v1/path", {"from": start, "to": end, **query})

    def moods(self) -> list[models.Mood]:
        """All mood presets."""
        return (self._get(models.Moods, "/v1/moods")).moods

    def audio_features(self, track_id: str) -> models.AudioFeatures:
        """The analysis of a track."""
        return self._get(models.AudioFeatures, f"/v1/audio-features/{segment(track_id)}")

    def audio_features_of(self, track_ids: Sequence[str]) -> models.AudioFeaturesList:
        """The analyses of up to 1,000 tracks."""
        body = {"ids": listed("track_ids", track_ids)}
        return self._ask(models.AudioFeaturesList, "POST", "/v1/audio-features", json=body)

    def search_pictures(
        self, text: str | None = None, *, mood: str | None = None, limit: int | None = None
    ) -> models.PictureResults:
        """The pictures that go with a text, a mood preset or both."""
        return self._get(
            models.PictureResults, "/v1/pictures/search", parameters(None, text=text, mood=mood, limit=limit)
        )

    def track_pictures(self, track_id: str, *, limit: int | None = None) -> models.TrackPictures:
        """The pictures that go with a track."""
        path = f"/v1/tracks/{segment(track_id)}/pictures"
        return self._get(models.TrackPictures, path, parameters(None, limit=limit))

    def _search(
        self, answer: type[Answer], kind: str, file: Upload, limit: int | None, filters: FiltersLike | None
    ) -> Answer:
        query = parameters(filters, limit=limit)
        return self._ask(answer, "POST", f"/v1/search/{kind}", params=query, files=file_of(file))
