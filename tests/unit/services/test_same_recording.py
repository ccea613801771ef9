"""Pairs of tracks that are one recording, and pairs that are not: a test set of releases as libraries have them."""

from dataclasses import dataclass

import numpy as np
import pytest

from services.domain.recordings import EDIT_COSINE, SAME_NAME_COSINE, SAME_SOUND_COSINE, same_recording
from services.domain.track import Embedded
from services.recommend.duplicates import distinct, without_copies
from tests.fakes.music import embedded

UNIT = np.eye(128, dtype=np.float32)


@dataclass(frozen=True)
class Pair:
    """Two tracks and their cosine."""

    one: tuple[str, str | None, int | None]
    other: tuple[str, str | None, int | None]
    cosine: float
    why: str

    def tracks(self) -> tuple[Embedded, Embedded]:
        """Return the tracks, with vectors that have the cosine."""
        turned = self.cosine * UNIT[0] + np.sqrt(1 - self.cosine**2) * UNIT[1]
        return _track("1", self.one, UNIT[0]), _track("2", self.other, turned.astype(np.float32))


def _track(name: str, names: tuple[str, str | None, int | None], vector: np.ndarray) -> Embedded:
    title, artist, duration_ms = names
    return embedded(name, vector, title, artist, None, duration_ms)


SONG = ("Song", "Ann", 200_000)

SAME = [
    Pair(SONG, SONG, 0.9, "album and best-of"),
    Pair(SONG, ("SONG", "ANN", 201_500), 0.75, "another pressing"),
    Pair(SONG, ("Song (2011 Remaster)", "Ann", 200_800), 0.8, "a remaster"),
    Pair(SONG, ("Song - Remastered", "Ann", 200_800), 0.8, "a remaster after a dash"),
    Pair(SONG, ("Song / Remastered 2009", "Ann", 200_800), 0.8, "a remaster after a slash"),
    Pair(SONG, ("Song [Mono Version]", "Ann", 199_000), 0.75, "a mono mix"),
    Pair(("Song", "Ann", 330_000), ("Song (Radio Edit)", "Ann", 215_000), 0.9, "a radio edit"),
    Pair(("Song (Extended Mix)", "Ann", 420_000), ("Song", "Ann", 215_000), 0.9, "an extended mix"),
    Pair(SONG, ("Song (feat. Bob)", "Ann", 200_500), 0.9, "a guest in the tags"),
    Pair(("Song", "The Anns", 200_000), ("Song", "Anns", 200_000), 0.9, "an article"),
    Pair(("Song", "Ann & Bob", 200_000), ("Song", "Ann and Bob", 200_000), 0.9, "a conjunction"),
    Pair(("Don't Stop", "Ann", 200_000), ("Dont Stop", "Ann", 200_000), 0.9, "an apostrophe"),
    Pair(("Song (Live)", "Ann", 250_000), ("Song - Live at Wembley", "Ann", 251_000), 0.9, "one live version"),
    Pair(SONG, ("track01", None, 200_500), 0.98, "a copy without tags"),
    Pair(("Ann - Song", "Various Artists", 200_000), SONG, 0.98, "a compilation without track artists"),
]

OTHER = [
    Pair(SONG, ("Tune", "Bob", 200_000), 0.999, "pieces by different artists that sound alike"),
    Pair(SONG, ("Song", "Bob", 200_000), 0.98, "a cover, or another song of that name"),
    Pair(SONG, ("Tune", "Ann", 200_000), 0.98, "two pieces of one artist"),
    Pair(("Drone, Part 1", "Ann", 200_000), ("Drone, Part 2", "Ann", 200_000), 0.99, "two parts"),
    Pair(SONG, ("Song (Live)", "Ann", 200_000), 0.99, "a live version"),
    Pair(SONG, ("Song - Live at Wembley", "Ann", 200_500), 0.9, "a live version after a dash"),
    Pair(SONG, ("Song (Acoustic)", "Ann", 200_000), 0.95, "an acoustic version"),
    Pair(SONG, ("Song [Instrumental]", "Ann", 200_000), 0.98, "an instrumental"),
    Pair(SONG, ("Song (Bob Remix)", "Ann", 200_000), 0.9, "a remix"),
    Pair(SONG, ("Song (Demo)", "Ann", 200_000), 0.9, "a demo"),
    Pair(SONG, ("Song (Ann's Version)", "Ann", 200_000), 0.97, "a new recording"),
    Pair(("Song (Live in Paris)", "Ann", 250_000), ("Song (Live in Rome)", "Ann", 250_000), 0.95, "two concerts"),
    Pair(SONG, ("Song", "Ann", 206_000), 0.99, "another length"),
    Pair(SONG, ("Song (2011 Remaster)", "Ann", 260_000), 0.99, "a remaster of another length"),
    Pair(("Song", "Ann", 600_000), ("Song (Radio Edit)", "Ann", 200_000), 0.95, "an edit of another recording"),
    Pair(("Song", "Ann", 330_000), ("Song (Radio Edit)", "Ann", 215_000), 0.8, "an edit that sounds different"),
    Pair(SONG, SONG, 0.65, "equal names, another sound"),
    Pair(SONG, ("Song", "Ann", None), 0.99, "an unknown length"),
    Pair(("track01", None, 200_000), ("track07", None, 200_000), 0.95, "alike, without tags"),
    Pair(("track01", None, 200_000), ("track07", None, 203_000), 0.99, "alike, without tags, another length"),
    Pair(SONG, ("track01 (live)", None, 200_000), 0.98, "a live version without an artist"),
]


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: pair.why)
def test_one_recording(pair):
    """Only one of the two is in an answer, whichever comes first, and none after a play of the other."""
    one, other = pair.tracks()

    assert same_recording(one, other, pair.cosine)
    assert same_recording(other, one, pair.cosine)
    assert distinct([one, other]) == [one]
    assert distinct([other, one]) == [other]
    assert without_copies([one], [other]) == []


@pytest.mark.parametrize("pair", OTHER, ids=lambda pair: pair.why)
def test_two_recordings(pair):
    """Both may be in an answer."""
    one, other = pair.tracks()

    assert not same_recording(one, other, pair.cosine)
    assert not same_recording(other, one, pair.cosine)
    assert distinct([one, other]) == [one, other]
    assert without_copies([one], [other]) == [one]


@pytest.mark.parametrize(
    ("other", "least"),
    [
        (("Song (Remaster)", "Ann", 200_000), SAME_NAME_COSINE),
        (("Song (Radio Edit)", "Ann", 150_000), EDIT_COSINE),
        (("track01", None, 200_000), SAME_SOUND_COSINE),
    ],
)
def test_the_less_is_known_the_more_alike_the_sound_must_be(other, least):
    """Names and lengths that agree need the least."""
    one, two = Pair(SONG, other, 1.0, "").tracks()

    assert same_recording(one, two, least)
    assert not same_recording(one, two, least - 0.001)
    assert SAME_NAME_COSINE < EDIT_COSINE < SAME_SOUND_COSINE
