"""What a new listener chooses to start from, and how its influence fades."""

from datetime import timedelta

import pytest

from services.domain.errors import InvalidRequest, UnknownMood
from services.domain.listening import EventKind, ListenEvent, Remembered, Start, StartPlay
from services.domain.question import Question
from services.recommend import Recommender
from services.recommend.starts import MOOD_TRACKS, Starter
from services.recommend.taste import with_start
from services.recommend.words import WordReader
from services.words.understand import understand
from tests.fakes.music import NOON, ExactIndex, MemoryTracks, random_songs

KINDS = 6
SONGS = random_songs(240, kinds=KINDS)
IDS = [song.track.id for song in SONGS]
KIND_OF = {name: number % KINDS for number, name in enumerate(IDS)}


class Towards:
    """Embeds every text as the vector of one song."""

    def __init__(self, number):
        self.vector = SONGS[number].track.vector

    def embed(self, text):
        del text
        return self.vector


@pytest.fixture(scope="module")
def recommender():
    return Recommender(MemoryTracks(SONGS), ExactIndex(SONGS), lambda: NOON, half_life_days=30.0)


@pytest.fixture(scope="module")
def starter(recommender):
    tracks = MemoryTracks(SONGS)
    words = WordReader(tracks, Towards(1), understand)
    return Starter(tracks, ExactIndex(SONGS), recommender, words, lambda: NOON)


def of_kind(kind, count, at=NOON):
    return tuple(ListenEvent(IDS[number], at=at) for number in range(kind, kind + count * KINDS, KINDS))


def share_of_kind(answer, kind):
    return sum(KIND_OF[each.track_id] == kind for each in answer.recommendations) / len(answer.recommendations)


def test_each_choice_counts_as_one_play(starter):
    """The tracks that stand for a mood or an artist share one play; a chosen track is one."""
    artist = SONGS[2].track.artist
    start, unknown = starter.start(["focus"], [artist, "Nobody"], ["test:3", "test:3", "gone"])
    shares = {}
    for play in start.plays:
        shares[play.reason] = shares.get(play.reason, 0.0) + play.share

    assert shares == {
        "mood:focus": pytest.approx(1.0),
        f"artist:{artist}": pytest.approx(1.0),
        IDS[3]: pytest.approx(1.0),
    }
    assert 1 < sum(play.reason == "mood:focus" for play in start.plays) <= MOOD_TRACKS
    assert unknown == ("Nobody", "gone")
    assert (start.moods, start.tracks, start.at) == (("focus",), (IDS[3],), NOON)


def test_a_mood_finds_tracks_near_its_words(starter):
    """The tracks that stand for a mood are of the kind that its words name."""
    start, _ = starter.start(["focus"], [], [])

    assert {KIND_OF[play.track_id] for play in start.plays} == {1}


def test_a_start_without_a_match_is_refused(starter):
    """Nothing is stored if no choice matches a track, or if a mood does not exist."""
    with pytest.raises(InvalidRequest, match="None of the moods"):
        starter.start([], ["Nobody"], ["gone"])
    with pytest.raises(UnknownMood):
        starter.start(["grumpy"], [], [])


def test_the_first_answer_follows_the_start_and_names_the_choices(recommender, starter):
    """A listener without listens gets tracks for the moods; the reasons are the moods."""
    start, _ = starter.start(["focus"], [], [])
    answer = recommender.recommend(Question(remembered=Remembered(start=start), max_per_artist=None))

    assert share_of_kind(answer, 1) == 1.0
    assert {reason for each in answer.recommendations for reason in each.because_of} == {"mood:focus"}


def test_the_influence_of_a_start_fades_as_plays_arrive(recommender, starter):
    """With more plays of another kind, fewer tracks come from the start; in the end none do."""
    start, _ = starter.start(["focus", "study"], [], [])
    shares = []
    for count in (0, 2, 8, 30):
        remembered = Remembered(events=of_kind(4, count), start=start)
        shares.append(share_of_kind(recommender.recommend(Question(remembered=remembered, max_per_artist=None)), 1))

    assert shares[0] == 1.0
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0.0


def test_a_start_ages_like_a_play():
    """After one half-life, each choice counts half."""
    start = Start(plays=(StartPlay("a", 0.5, "mood:focus"), StartPlay("b", 1.0, "b")), at=NOON)
    weights = with_start({}, start, {"a", "b"}, now=NOON + timedelta(days=30), half_life_days=30.0)

    assert weights == {"a": pytest.approx(0.25), "b": pytest.approx(0.5)}


def test_events_of_a_track_replace_its_part_in_the_start():
    """A rejected track of the start is rejected, and a track that has left the library does not count."""
    plays = (StartPlay("a", 1.0, "a"), StartPlay("b", 1.0, "b"), StartPlay("gone", 1.0, "gone"))
    weights = with_start({"a": -1.0}, Start(plays=plays, at=NOON), {"a", "b"}, now=NOON, half_life_days=30.0)

    assert weights == {"a": -1.0, "b": 1.0}


def test_rejected_tracks_of_a_start_are_never_recommended(recommender):
    """A dislike counts more than the choice at the start."""
    start = Start(tracks=(IDS[1],), plays=(StartPlay(IDS[1], 1.0, IDS[1]),), at=NOON)
    events = (ListenEvent(IDS[1], EventKind.DISLIKE, NOON),)
    remembered = Remembered(events=events, rejected=frozenset({IDS[1]}), start=start)
    answer = recommender.recommend(Question(remembered=remembered, limit=100))

    assert IDS[1] not in {each.track_id for each in answer.recommendations}
