"""Similar songs, and paths between songs."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from services.api.answers import open_answer, record, record_similar
from services.api.compat.ids import Namespace, rejected_tracks
from services.api.compat.subsonic.method import SEARCHES, Method, Result
from services.api.compat.subsonic.schemas.similar import SimilarSongsQuery, SonicPathQuery, SonicSimilarQuery
from services.api.compat.subsonic.songs import songs_by_id
from services.api.compat.subsonic.visible import visible_filters, visible_track, visible_within
from services.api.context import services
from services.catalog.questions import question_as_json
from services.domain.filters import Filters, music_only
from services.domain.question import RESULTS_MAX, Exclusion, PathOptions, Question
from services.domain.recommendation_log import AnswerKind


def get_similar_songs(query: SimilarSongsQuery) -> Result:
    """Get songs to play after a song, an album or an artist. The song or album itself is left out."""
    return {"similarSongs": {"song": _similar_songs(query)}}


def get_similar_songs_2(query: SimilarSongsQuery) -> Result:
    """Get the same songs as `getSimilarSongs`, because Segue organises music by tags and not by folders."""
    return {"similarSongs2": {"song": _similar_songs(query)}}


def get_sonic_similar_tracks(query: SonicSimilarQuery) -> Result:
    """Get the songs that are most similar to a song. The song itself is left out."""
    track_id, namespace = visible_track(query.id)
    if not query.count:
        return {"sonicMatch": []}
    entry, excluded = open_answer(AnswerKind.SIMILAR), rejected_tracks()
    filters = visible_filters(music_only(Filters()))
    limit = min(query.count, RESULTS_MAX)
    found = services().recommender.similar(track_id, limit=limit, filters=filters, exclude=excluded)
    record_similar(entry, track_id, filters, found, excluded)
    return {"sonicMatch": _matches({each.track_id: each.score for each in found}, namespace)}


def find_sonic_path(query: SonicPathQuery) -> Result:
    """Get a smooth path from one song to another, both included. Similarities are relative to the first song."""
    (start, namespace), (end, _) = visible_track(query.startSongId), visible_track(query.endSongId)
    if not query.count:
        return {"sonicMatch": []}
    steps = services().paths.between(
        start,
        end,
        steps=min(query.count, RESULTS_MAX),
        filters=visible_filters(music_only(Filters())),
        options=PathOptions(query.onePerArtist, query.variety, query.seed),
    )
    return {"sonicMatch": _matches(_similarities(start, [step.track_id for step in steps]), namespace)}


def _similar_songs(query: SimilarSongsQuery) -> list[Result]:
    # In Subsonic, the songs of an artist include the artist's own. Songs of an album are excluded like a song.
    libraries, albums = visible_within(), services().catalogue.albums
    excluded: Sequence[str] = ()
    namespace = Namespace()
    if (album := albums.album(query.id, libraries)) is not None:
        seed = excluded = [track.id for track in album[1]]
    elif not (seed := albums.tracks_by(query.id, libraries)):
        track_id, namespace = visible_track(query.id)
        [analysed] = services().catalogue.tracks.ready([track_id]).values()
        seed = excluded = [analysed.id]
    if not query.count:
        return []
    entry = open_answer(AnswerKind.SIMILAR)
    question = Question(
        limit=min(query.count, RESULTS_MAX),
        filters=visible_filters(Filters()),
        exclude=Exclusion(tracks=(*excluded, *rejected_tracks())),
    )
    question = entry.asked(question)
    found = services().recommender.seeded([seed], question)
    record(entry, partial(question_as_json, question, seeds=[seed]), found)
    return list(songs_by_id([each.track_id for each in found], namespace).values())


def _matches(similarities: dict[str, float], namespace: Namespace) -> list[Result]:
    # The extension's similarities range from 0 to 1, but a cosine can be negative.
    return [
        {"entry": entry, "similarity": min(1.0, max(0.0, similarities[track_id]))}
        for track_id, entry in songs_by_id(list(similarities), namespace).items()
    ]


def _similarities(start: str, track_ids: Sequence[str]) -> dict[str, float]:
    """Return the cosine similarity of each track to `start`, which is one of them."""
    embedded = services().catalogue.tracks.embedded(track_ids)
    origin = embedded[start].vector.astype(np.float64)
    return {
        track_id: 1.0 if track_id == start else float(embedded[track_id].vector @ origin)
        for track_id in track_ids
        if track_id in embedded
    }


METHODS = (
    Method("getSimilarSongs", SimilarSongsQuery, get_similar_songs, "Get songs to play next", SEARCHES),
    Method("getSimilarSongs2", SimilarSongsQuery, get_similar_songs_2, "Get songs to play next, by tags", SEARCHES),
    Method("getSonicSimilarTracks", SonicSimilarQuery, get_sonic_similar_tracks, "Get similar songs", SEARCHES),
    Method("findSonicPath", SonicPathQuery, find_sonic_path, "Find a path between two songs", SEARCHES),
)
