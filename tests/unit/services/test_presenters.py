"""Responses that are built from domain objects."""

import numpy as np

from services.api.v1 import presenters
from services.domain.listening import Answer, DescribedTaste, Recommendation
from services.domain.radio import RadioAnswer, RadioPick, SessionWords
from services.domain.track import EMBEDDING_DIM, Description, Embedded, Track, TrackStatus
from services.recommend.path import PathStep


def track(name: str, **changes: object) -> Track:
    values: dict[str, object] = {
        "id": name,
        "title": f"Title {name}",
        **dict.fromkeys(("artist", "album", "year", "genre", "path", "reason")),
        "duration_ms": 2000,
        "status": TrackStatus.READY,
        "attributes": {"energy": 0.5},
        "descriptors": {"tempo": 90.0},
        "model_version": "test-1",
        "ids": {},
    }
    return Track(**{**values, **changes})


LOGGED = {"recommendation_id": None, "experiment": None}
KNOWN = {name: track(name) for name in "ab"}
FOUND = (
    Recommendation("b", 0.9, because_of=("a",), taste=0),
    Recommendation("gone", 0.8, because_of=("a",), taste=0),
    Recommendation("a", 0.7, because_of=("b",), taste=1),
)


def test_similar_tracks_keep_their_order_and_reasons():
    """Tracks that have left the library are left out."""
    shown = presenters.similar_tracks(FOUND, KNOWN)

    assert [(each.id, each.title, each.score, each.because_of) for each in shown] == [
        ("b", "Title b", 0.9, ["a"]),
        ("a", "Title a", 0.7, ["b"]),
    ]


def test_recommendations_have_tastes_and_unknown_ids():
    """Each track has the index of its taste."""
    taste = DescribedTaste("calm", 1.0, plays=("a",))
    shown = presenters.recommendations(Answer(FOUND, ("x:1",), (taste,)), KNOWN, LOGGED)

    assert [(each.id, each.taste) for each in shown.tracks] == [("b", 0), ("a", 1)]
    assert [(each.label, each.weight, each.plays) for each in shown.tastes] == [("calm", 1.0, ["a"])]
    assert shown.unknown == ["x:1"]


def test_radio_tracks_have_directions():
    """Each track has the number of its direction."""
    picks = tuple(RadioPick(each, direction=number) for number, each in enumerate(FOUND))
    shown = presenters.radio_tracks(
        RadioAnswer(picks, directions=(), unknown=("x:1",), words=SessionWords()), KNOWN, LOGGED
    )

    assert [(each.id, each.score, each.direction) for each in shown.tracks] == [("b", 0.9, 0), ("a", 0.7, 2)]
    assert shown.unknown == ["x:1"]


def test_a_path_has_similarities():
    """Each track has the similarity to the previous one."""
    shown = presenters.path([PathStep("a", 1.0), PathStep("gone", 0.9), PathStep("b", 0.8)], KNOWN)

    assert [(each.id, each.similarity) for each in shown.tracks] == [("a", 1.0), ("b", 0.8)]


def test_audio_features_are_one_flat_object():
    """Attributes, descriptors, tags and the embedding are in one object; values that are not known are null."""
    vector = np.eye(EMBEDDING_DIM, dtype=np.float32)[0]
    shown = presenters.audio_features(track("a"), Embedded("a", vector, "Title a"), Description({}, {"calm": 0.7}))

    assert (shown.id, shown.energy, shown.tempo, shown.valence, shown.key) == ("a", 0.5, 90.0, None, None)
    assert (shown.duration_ms, shown.model_version, shown.tags) == (2000, "test-1", {"calm": 0.7})
    assert shown.embedding == vector.tolist()


def test_audio_features_of_a_track_that_is_not_ready_have_no_embedding():
    """A track can have an analysis without being in the index."""
    shown = presenters.audio_features(track("a", status=TrackStatus.MISSING), None, None)

    assert (shown.embedding, shown.tags, shown.tempo) == (None, {}, 90.0)
