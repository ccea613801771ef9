"""What titles say about recordings."""

import pytest

from services.domain.titles import title_of

SAME = [
    ("Song", "SONG"),
    ("Song", "Song (2011 Remaster)"),
    ("Song", "Song [Remastered]"),
    ("Song", "Song - Remastered 2009"),
    ("Song", "Song \u2013 2015 Digital Remaster"),
    ("Song", "Song / Remastered"),
    ("Song", "Song/Remastered"),
    ("Song", "Song: Remastered"),
    ("Song", "Song Remastered 2009"),
    ("Song", "Song (Radio Edit)"),
    ("Song", "Song - Radio Edit"),
    ("Song", "Song (Album Version)"),
    ("Song", "Song [Single Version] (Mono)"),
    ("Song", "Song (Album Version / 2009 Digital Remaster)"),
    ("Song", "Song (Bonus Track)"),
    ("Song", "Song (25th Anniversary Edition)"),
    ("Song", "Song (Original Mix)"),
    ("Song", 'Song (From "The Film")'),
    ("Song", "Song (feat. Guest)"),
    ("Song", "Song feat. Guest"),
    ("Song (feat. Guest) [Radio Edit]", "Song (Radio Edit) [with Guest]"),
    ("Don't Stop", "Dont Stop"),
    ("Song (Live)", "Song - Live"),
    ("Song (Live)", "Song (Live Version)"),
    ("Song (Live)", "Song (Live at Wembley, 1986) [2011 Remaster]"),
    ("Song (Recorded Live in Paris)", "Song - Live in Paris"),
    ("Song (En Vivo)", "Song - Live"),
    ("Song (Acoustic)", "Song [Acoustic Version]"),
    ("Lied (Live-Version)", "Lied / Live"),
    ("Song - Part 2", "Song (Part 2)"),
]

OTHER = [
    ("Song", "Another Song"),
    ("Song", "Song (Live)"),
    ("Song", "Song - Live at Wembley"),
    ("Song (Live in Paris)", "Song (Live in Tokyo)"),
    ("Song (Live 1992)", "Song (Live 1995)"),
    ("Song", "Song (Acoustic)"),
    ("Song", "Song (Acoustic Version)"),
    ("Song", "Song - Unplugged"),
    ("Song", "Song [Instrumental]"),
    ("Song", "Song (Karaoke Version)"),
    ("Song", "Song (Ann Remix)"),
    ("Song (Ann Remix)", "Song (Bob Remix)"),
    ("Song (Ann Remix)", "Song (Ann Dub)"),
    ("Song", "Song (Club Mix)"),
    ("Song", "Song (Ann Edit)"),
    ("Song", "Song (Demo)"),
    ("Song", "Song (Alternate Take 3)"),
    ("Song (Take 2)", "Song (Take 3)"),
    ("Song", "Song (Ann's Version)"),
    ("Song", "Song (Piano Version)"),
    ("Song", "Song (A Cappella)"),
    ("Song", "Song (Slowed)"),
    ("Song", "Song (Part 2)"),
    ("Song - Part 1", "Song - Part 2"),
    ("Allegro (Sonata in C)", "Allegro (Sonata in D)"),
    ("Live", "Live and Let Die"),
    ("!!!", "???"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_titles_of_one_recording(one, other):
    """A release and its spelling do not matter; a note that says less may be the same."""
    assert title_of(one).may_be(title_of(other))
    assert title_of(other).may_be(title_of(one))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_titles_of_two_recordings(one, other):
    """A version of a piece is another recording than the piece, and than another version."""
    assert not title_of(one).may_be(title_of(other))
    assert not title_of(other).may_be(title_of(one))


@pytest.mark.parametrize("title", ["Live", "[Remastered]", "(Demo)", "- Live -", "", "()", "((((", "/", "\u266b"])
def test_a_title_that_is_a_note_is_a_piece(title):
    """Nothing is left of it otherwise."""
    assert title_of(title).piece == title_of(f" {title} ").piece
    assert bool(title_of(title).piece) == bool(title)


@pytest.mark.parametrize(
    ("title", "is_edit"),
    [("Song", False), ("Song (Remaster)", False), ("Song - Radio Edit", True), ("Song (Extended Mix)", True)],
)
def test_an_edit_may_have_another_length(title, is_edit):
    """A remaster has not."""
    assert title_of(title).is_edit == is_edit
