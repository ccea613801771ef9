"""Words and pictures of a question change the scores of all candidates."""

from dataclasses import replace

import numpy as np
import pytest

from services.domain.filters import Filters, Range
from services.domain.listening import EventKind, ListenEvent, plays
from services.domain.question import Question
from services.domain.track import EMBEDDING_DIM
from services.domain.words import Understood, VectorKind, WeightedText, WeightedVector
from services.recommend import Recommender
from services.recommend.penalties import Sample
from services.recommend.steering import Steering
from tests.fakes.music import NOON, ExactIndex, MemoryTracks, random_songs

KINDS = 6
SONGS = random_songs(240, kinds=KINDS)
VECTORS = {song.track.id: song.track.vector for song in SONGS}
KIND_OF = {song.track.id: number % KINDS for number, song in enumerate(SONGS)}
SAMPLE = Sample.of(VECTORS)


@pytest.fixture(scope="module")
def recommender():
    return Recommender(MemoryTracks(SONGS), ExactIndex(SONGS), lambda: NOON, half_life_days=30.0)


def words(kind, weight=1.0, *, offset=0.0):
    """Return the vector of a text about a kind of songs; an offset lowers its cosines to all of them alike."""
    centre = np.mean([VECTORS[name] for name, each in KIND_OF.items() if each == kind], axis=0)
    across = np.zeros(EMBEDDING_DIM)
    across[0] = 1.0
    vector = centre / np.linalg.norm(centre) + offset * across
    return WeightedVector(f"kind {kind}", tuple((vector / np.linalg.norm(vector)).tolist()), weight, VectorKind.WORDS)


def of_kind(kind):
    return plays(f"test:{number}" for number in range(kind, kind + 4 * KINDS, KINDS))


def ask(recommender, *vectors, **options):
    return recommender.recommend(Question(vectors=vectors, **{"max_per_artist": None, "max_per_album": None} | options))


def nearness(answer, vector):
    """Return the mean standing of an answer's tracks towards a vector, in standard deviations of the library."""
    cosines = np.stack(list(VECTORS.values())) @ np.array(vector.vector)
    found = np.array([VECTORS[each.track_id] @ np.array(vector.vector) for each in answer.recommendations])
    return float((found.mean() - cosines.mean()) / cosines.std())


def test_words_alone_find_their_kind_and_are_the_taste(recommender):
    """Without a history, the words are the only taste: its label and each track's reason are the words."""
    answer = ask(recommender, words(2))

    assert {KIND_OF[each.track_id] for each in answer.recommendations} == {2}
    assert [(taste.label, taste.weight, taste.plays) for taste in answer.tastes] == [("kind 2", 1.0, ())]
    assert all(each.because_of == ("words:kind 2",) for each in answer.recommendations)


def test_words_and_a_history_are_nearer_to_both_than_either_alone(recommender):
    """With both, the answer is nearer to the words than the history's, and nearer to the history than the words'."""
    history, text = words(0), words(3)
    both, only_history, only_words = (
        ask(recommender, text, history=of_kind(0)),
        ask(recommender, history=of_kind(0)),
        ask(recommender, text),
    )

    assert nearness(both, text) > nearness(only_history, text) + 0.5
    assert nearness(both, history) > nearness(only_words, history) + 0.5
    assert {each.because_of[0] for each in both.recommendations} >= {"words:kind 3"}


def test_a_larger_weight_steers_more(recommender):
    """The weight of a text is relative to the history, whose weight is 1."""
    found = [nearness(ask(recommender, words(3, weight), history=of_kind(0)), words(3)) for weight in (0.2, 1.0, 5.0)]

    assert found == sorted(found)
    assert found[0] + 0.5 < found[2]


def test_less_of_something_moves_the_answer_away(recommender):
    """A negative weight lowers the nearness to the words, with a history and with other words."""
    mixed = [*of_kind(0), *of_kind(3)]
    before, after = ask(recommender, history=mixed), ask(recommender, words(3, -1.0), history=mixed)
    assert nearness(after, words(3)) < nearness(before, words(3)) - 0.5

    before, after = ask(recommender, words(1), words(3)), ask(recommender, words(1), words(3), words(3, -1.0))
    assert nearness(after, words(3)) < nearness(before, words(3))
    assert all("words:kind 3" not in each.because_of for each in ask(recommender, words(3, -1.0)).recommendations)


def test_only_negative_words_give_the_opposite(recommender):
    """Without anything desired, the answer comes from the opposite side, and its taste has no words as a label."""
    answer = ask(recommender, words(3, -1.0))

    assert nearness(answer, words(3)) < 0
    assert answer.tastes[0].label == "something different"


def test_vectors_that_cancel_each_other_out_give_tracks_from_everywhere(recommender):
    """A text with its own opposite has no direction, and the answer is full."""
    text = words(3)
    opposite = replace(text, vector=tuple(-value for value in text.vector))

    assert len(ask(recommender, text, opposite).recommendations) == 10


def test_a_common_offset_of_texts_does_not_change_the_order():
    """The lower cosines of a text count as much as those of a vector without an offset."""
    vectors = np.stack(list(VECTORS.values())).astype(np.float64)
    plain, lowered = (Steering([words(2, offset=offset)], SAMPLE).scores(vectors) for offset in (0.0, 1.5))

    assert np.corrcoef(plain, lowered)[0, 1] > 0.9
    assert lowered.std() == pytest.approx(plain.std(), rel=0.01)


def test_a_small_library_has_the_usual_spread():
    """Below 20 tracks, level and spread are fixed, and scores stay finite."""
    few = Sample.of(dict(list(VECTORS.items())[:3]))

    assert np.isfinite(Steering([words(2)], few).scores(few.vectors)).all()


def like(*track_ids, weight=1.0):
    return WeightedText(Understood(text="like it", like=track_ids), weight)


def test_a_named_example_acts_as_a_play_and_is_left_out(recommender):
    """Without a history, the examples of a text are the plays of the taste, and unknown ones are listed."""
    answer = ask(recommender, words=(like("test:2", "test:99999"),))

    assert {KIND_OF[each.track_id] for each in answer.recommendations} == {2}
    assert all(each.because_of == (SONGS[2].track.id,) for each in answer.recommendations)
    assert SONGS[2].track.id not in {each.track_id for each in answer.recommendations}
    assert answer.unknown == ("test:99999",)


def test_a_named_example_steers_a_history(recommender):
    """With a history, an example is weighted as a text is, and with a negative weight the answer avoids it."""
    history = of_kind(0)
    plain = ask(recommender, history=history)
    nearer = ask(recommender, history=history, words=(like("test:3"),))
    farther = ask(recommender, history=history, words=(like("test:3", weight=-1.0),))

    assert nearness(farther, words(3)) < nearness(plain, words(3)) < nearness(nearer, words(3))
    assert any(SONGS[3].track.id in each.because_of for each in nearer.recommendations)


def test_words_and_rejections_only_start_from_the_words(recommender):
    """A history of rejections has no taste of its own, so the words are the taste, and rejected tracks stay out."""
    rejected = (ListenEvent("test:2", EventKind.DISLIKE),)
    answer = ask(recommender, words(2), history=rejected)

    assert [taste.label for taste in answer.tastes] == ["kind 2"]
    assert SONGS[2].track.id not in {each.track_id for each in answer.recommendations}


def test_filters_hold_for_words(recommender):
    """Words do not bring in tracks that the filters leave out."""
    answer = ask(recommender, words(2), filters=Filters(ranges={"tempo": Range(max=80)}), limit=50)

    measured = {song.track.id: song.track.measured for song in SONGS}
    assert answer.recommendations
    assert all(measured[each.track_id]["tempo"] <= 80 for each in answer.recommendations)
