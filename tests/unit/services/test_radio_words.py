"""Texts and moods that steer a radio session."""

import numpy as np
import pytest

from services.domain.errors import InvalidRequest
from services.domain.filters import Filters, Range
from services.domain.listening import Start, StartPlay
from services.domain.radio import SessionWords, WordsChange
from services.domain.words import Words
from tests.fakes.music import NOON
from tests.fakes.station import SONGS, Station, event, id_of, kinds, numbers

JAZZ, ROCK = 2, 3


@pytest.fixture
def station():
    return Station()


def texts(*given):
    return WordsChange(texts=tuple(map(Words, given)))


def mean_energy(answer):
    ids = [pick.recommendation.track_id for pick in answer.picks]
    return float(np.mean([SONGS[int(name)].track.measured["energy"] for name in ids]))


def test_a_session_from_words_plays_what_they_describe(station):
    """Without seeds and history, the directions are made from the tracks nearest to the words, which are the reason."""
    session = station.start(words=texts("jazz"))
    answer = station.next(session, limit=3)

    assert kinds(answer) == {JAZZ: 3}
    assert all(pick.recommendation.because_of[0] == "words:jazz" for pick in answer.picks)
    assert [text.understood.rest for text in answer.words.texts] == ["jazz"]


def test_words_stay_in_force_until_they_are_replaced_or_ended(station):
    """A call without words keeps them; others replace them and their directions; none end them."""
    session = station.start(words=texts("jazz"))
    station.next(session, limit=3)
    kept = station.next(session, limit=3)
    replaced = station.next(session, limit=3, words=texts("rock"))
    ended = station.next(session, words=WordsChange(texts=()))

    assert (kinds(kept), kinds(replaced)) == ({JAZZ: 3}, {ROCK: 3})
    assert [text.understood.text for text in replaced.words.texts] == ["rock"]
    assert ended.words == SessionWords()
    assert all("words:" not in "".join(pick.recommendation.because_of) for pick in ended.picks)


def test_hard_facts_of_words_are_filters_of_the_session(station):
    """A tempo in words holds for each later call, together with the filters of the start."""
    session = station.start(0, filters=Filters({"tempo": Range(min=84)}), words=texts("under 87 bpm"))
    found = [*station.next(session, limit=4).picks, *station.next(session, limit=4).picks]
    tempi = {SONGS[int(pick.recommendation.track_id)].track.measured["tempo"] for pick in found}

    assert tempi <= {84.0, 85.0, 86.0, 87.0}


def test_comparative_words_are_relative_to_what_plays(station):
    """ "calmer now" asks for less energy than the track of the latest event; said again later, for even less."""
    session = station.start(36, 40)
    station.next(session)
    calmer = station.next(session, event(30), words=texts("calmer now"))
    again = station.next(session, event(16), words=texts("calmer now"))
    [understood] = [text.understood for text in calmer.words.texts]

    assert understood.rest is None
    assert understood.filters.ranges["energy"].max < SONGS[30].track.measured["energy"]
    assert mean_energy(again) < mean_energy(calmer) < SONGS[30].track.measured["energy"]


def test_comparative_words_without_an_event_compare_with_the_last_answer(station):
    """Before the first call they compare with the seeds."""
    seeds = station.start(36, words=texts("calmer")).session.words.texts[0].understood
    session = station.start(36)
    answer = station.next(session, limit=2)
    calmer = station.next(session, words=texts("calmer")).words.texts[0].understood

    assert seeds.filters.ranges["energy"].max == pytest.approx(0.70)
    assert calmer.filters.ranges["energy"].max == pytest.approx(mean_energy(answer) - 0.05, abs=0.001)


def test_a_comparison_that_few_tracks_meet_is_a_target(station):
    """No song has more than 91 bpm; a limit that is stated beside the comparison stays."""
    session = station.start(11)
    station.next(session)
    answers = [station.next(session, event(11), words=texts("faster, under 120 bpm"))]
    answers += [station.next(session, limit=1) for _ in range(6)]
    [understood] = [text.understood for text in answers[0].words.texts]
    played = [pick.recommendation.track_id for answer in answers for pick in answer.picks]

    assert understood.filters.ranges["tempo"] == Range(max=120)
    assert understood.targets == {"tempo": pytest.approx(1.08 * 91, abs=0.05)}
    assert "Only 0 tracks match with tempo at least 98.3" in understood.warnings[0]
    assert len(set(played)) == len(played) == 14


def test_repeated_comparative_words_compare_with_the_last_answer(station):
    """An event of an earlier call is older than the last answer, so the limit falls with each "calmer now"."""
    session = station.start(36, 40)
    station.next(session)
    answers = [station.next(session, event(30), words=texts("calmer now"))]
    answers += [station.next(session, limit=2, words=texts("calmer now"))]
    limits = [answer.words.texts[0].understood.filters.ranges["energy"].max for answer in answers]

    assert limits[1] < mean_energy(answers[0]) <= limits[0]


def test_a_mood_steers_a_session_beside_its_texts(station):
    """A mood preset is a second slot: it is replaced and ended on its own."""
    session = station.start(0, words=WordsChange(texts=(Words("jazz"),), moods=("sleep",)))
    ended = station.next(session, words=WordsChange(moods=()))

    assert (session.session.words.mood, ended.words.mood) == ("sleep", None)
    assert [text.understood.text for text in ended.words.texts] == ["jazz"]


def test_new_words_change_no_answer_that_was_given(station):
    """A repeated call returns its first answer, and other words under the same key are refused."""
    session = station.start(0)
    first = station.next(session, key="k", words=texts("jazz"))
    station.next(session, words=texts("rock"))
    repeated = station.next(session, key="k", words=texts("jazz"))

    assert repeated.picks == first.picks
    with pytest.raises(InvalidRequest, match="another request"):
        station.next(session, key="k", words=texts("rock"))


def test_a_session_of_a_new_listener_follows_the_start(station):
    """Its directions are made from the start, whose choices are the reasons."""
    plays = tuple(StartPlay(id_of(number), 0.5, "mood:focus") for number in numbers(JAZZ)[:2])
    station.catalogue.listens.starts["ada"] = Start(moods=("focus",), plays=plays, at=NOON)
    answer = station.next(station.start(listener="ada"), limit=3)

    assert kinds(answer) == {JAZZ: 3}
    assert {pick.recommendation.because_of for pick in answer.picks} == {("mood:focus",)}


def test_seeds_replace_the_start_of_a_listener(station):
    """A session with seeds does not follow the start."""
    start = Start(plays=(StartPlay(id_of(numbers(JAZZ)[0]), 1.0, "mood:focus"),), at=NOON)
    station.catalogue.listens.starts["ada"] = start
    answer = station.next(station.start(numbers(ROCK)[0], listener="ada"), limit=3)

    assert kinds(answer) == {ROCK: 3}
