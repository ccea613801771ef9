"""What is no piece of music."""

import pytest

from services.domain.fragments import fragment_of

SECOND = 1000


@pytest.mark.parametrize(
    ("title", "seconds", "kind"),
    [
        ("Intro", 45, "intro"),
        ("INTRO.", 45, "intro"),
        ("Album (Intro)", 60, "intro"),
        ("Interlude 2", 70, "intro"),
        ("Interlude II", 70, "intro"),
        ("Outro - The End", 30, "intro"),
        ("Intro", 128, None),
        ("Introspection", 45, None),
        ("Prelude in E minor", 60, None),
        ("Skit", 90, "skit"),
        ("Skit #3", 90, "skit"),
        ("At the Shop (Skit)", 150, "skit"),
        ("Phone Call Skit", 60, "skit"),
        ("Skit", 400, None),
        ("Applause", 30, "applause"),
        ("Finale [Applause]", 40, "applause"),
        ("Applaus", 30, "applause"),
        ("Applause", 212, None),
        ("[silence]", 20, "silence"),
        ("The Sound of Silence", 60, None),
        ("Silence", 390, None),
        ("Interview", 900, "speech"),
        ("Interview (1969)", 300, "speech"),
        ("Song (Commentary)", 120, "speech"),
        ("Poem (Spoken Word)", 240, "speech"),
        ("Dialogue", 60, "speech"),
        ("Dialogue", 420, None),
        ("Announcements", 30, "speech"),
        ("Song", 8, None),
        ("1", 5, None),
        ("", 5, None),
    ],
)
def test_titles_and_lengths(title, seconds, kind):
    """A title says what a short track is; the same title is a song if the track is longer."""
    assert fragment_of(title, duration_ms=seconds * SECOND) == kind


def test_a_title_does_not_tell_without_a_length():
    """It is looked at again when the length is known."""
    assert fragment_of("Intro") is None


@pytest.mark.parametrize("genre", ["Audiobook", "H\u00f6rspiel", "Spoken Word", "Books & Spoken", "podcast"])
def test_genres_of_speech(genre):
    """They need no title and no length."""
    assert fragment_of("Chapter 1", genres=("Fantasy", genre)) == "speech"
    assert fragment_of("Chapter 1", genres=("Fantasy",)) is None


def test_sound():
    """A track of speech is spoken word, and one that is hardly heard is silence."""
    assert fragment_of("Song", duration_ms=200 * SECOND, speechiness=0.9, loudness=-20) == "speech"
    assert fragment_of("Song", duration_ms=200 * SECOND, speechiness=0.4, loudness=-20) is None
    assert fragment_of("Song", duration_ms=200 * SECOND, loudness=-62) == "silence"
    assert fragment_of("Song", duration_ms=200 * SECOND, loudness=-41) is None
