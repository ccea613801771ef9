"""The form in which names are compared, and the single artists of a credit."""

import time
import unicodedata
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.names import (
    artist_keys,
    credit_key,
    credited,
    keys_of_credit,
    plain_key,
    single_names,
    text_key,
    title_key,
)
from services.domain.titles import title_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE\u0301"),
        ("Don't Stop", "don\u2019t  stop"),
        ("Don't Stop", "Dont Stop"),
        ("Boy\u2019s Hymn", "Boys Hymn"),
        ("Boys' Hymn", "Boys Hymn"),
        ("We\u00b4ll", "we`ll"),
        ("Beyonce\u0301's", "Beyonc\u00e9s"),
        ("You Shouldn't've", "you shouldntve"),
        ("L'\u00e9t\u00e9", "l ete"),
        ("Rock'n'Roll", "rock n roll"),
        ("A\u2010ha", "a-ha"),
        ("Be\u200byonce", "\ufeffBeyoncé"),
        ("Straße", "STRASSE"),
        ("שָׁלוֹם", "שלום"),
        ("각", unicodedata.normalize("NFD", "각")),
        ("ガ", "カ\u3099"),
        ("❤", "❤\ufe0f"),
        ("!!!", " !!! "),
        ("\u200b", " \u200b "),
        ("C++", "c++ "),
        ("A+B", "a b"),
        ("Florence + the Machine", "florence the machine"),
        ("हिन्दी", unicodedata.normalize("NFD", "हिन्दी")),
    ],
)
def test_spellings_of_one_text_have_one_key(one, other):
    """Case, accents in both forms, apostrophes, hyphens, spaces and characters without a width do not matter."""
    assert text_key(one) == text_key(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("!!!", "???"),
        ("की", "का"),
        ("ガ", "カ"),
        ("น้ำ", "นม"),
        ("AC/DC", "ACDC"),
        *combinations(["C", "C++", "C#", "C+"], 2),
    ],
)
def test_other_texts_have_other_keys(one, other):
    """Punctuation counts if a text has nothing else, and vowels that are marks count."""
    assert text_key(one) != text_key(other)


def test_a_text_of_spaces_is_no_name():
    """It has no key, and a credit of it has no artist."""
    assert text_key(" \t ") == ""
    assert credited([" \t ; "]) == ()


@pytest.mark.parametrize(
    "part",
    [" ", "(", "feat ", " feat. x]", "/", " - ", "\u3008", "(a)", "((", "[feat ", " remaster ", "+", "a+", "\t/"],
)
def test_the_work_on_a_title_grows_with_its_length_only(part):
    """What is read of a title is bounded, so that a long one takes no longer than the first of its characters."""
    started = time.process_time()
    for end in ("", "b]", "x)"):
        title = "a feat" + part * (200_000 // len(part)) + end
        for read in (title_key, title_of, lambda text: credited([text]), lambda text: credit_key(["A"], text)):
            read(title)

    assert time.process_time() - started < 30  # a quadratic pattern takes hours


@given(st.text(alphabet="ab+# -/\u200b\u0301é", max_size=12))
def test_signs_do_not_change_that_a_key_is_its_own_key(text):
    """Signs that stay in a key stay in the key of the key."""
    assert text_key(text_key(text)) == text_key(text)


@given(st.text())
def test_a_key_is_its_own_key(text):
    """So a key can be compared like any other spelling."""
    key = text_key(text)

    assert text_key(key) == key
    assert "\x1f" not in key
    assert text_key(unicodedata.normalize("NFD", text)) == text_key(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("artists", "title", "expected"),
    [
        (["Anna", "Bertil"], "", ["Anna", "Bertil"]),
        (["Anna; Bertil;anna"], "", ["Anna", "Bertil"]),
        (["Boss feat. Guest"], "", ["Boss", "Guest"]),
        (["Boss FT Guest"], "", ["Boss", "Guest"]),
        (["Boss (with Guest)"], "", ["Boss", "Guest"]),
        (["Boss [Featuring Guest] "], "", ["Boss", "Guest"]),
        (["Boss ft. Guest; Third"], "", ["Boss", "Third", "Guest"]),
        (["Boss"], "Song (feat. Guest; Third) [Remix]", ["Boss", "Guest", "Third"]),
        (["Boss"], "Song feat. Guest (Live)", ["Boss", "Guest"]),
        (["Boss"], "Alone (with You)", ["Boss"]),
        (["Feat. X"], "", ["Feat. X"]),
        (["Soft Cell", "Daft Punk"], "", ["Soft Cell", "Daft Punk"]),
        (["Simon & Garfunkel"], "", ["Simon & Garfunkel"]),
        (["Earth, Wind & Fire"], "", ["Earth, Wind & Fire"]),
        (["AC/DC"], "", ["AC/DC"]),
        (["Dances with Wolves"], "", ["Dances with Wolves"]),
        ([], "Song", []),
    ],
)
def test_the_single_artists_of_a_credit(artists, title, expected):
    """Lists, semicolons and guests are single artists; "&", commas and slashes are parts of names."""
    assert list(credited(artists, title)) == expected


def test_a_setting_adds_separators():
    """A slash with spaces around it separates names only then."""
    assert credited(["A / B"]) == ("A / B",)
    assert credited(["A / B;C"], separators=(";", " / ")) == ("A", "B", "C")
    assert single_names(["Rock; Pop", "rock", " ; "]) == ("Rock", "Pop")


def test_spellings_of_one_credit_have_one_key():
    """The words between the names do not count, and guests may be named in the title."""
    spellings = ["Anna & Bertil", "Anna and Bertil", "Anna, Bertil", "Anna; Bertil", "Anna feat. Bertil"]

    assert {credit_key([each]) for each in spellings} == {credit_key(["Anna", "Bertil"])} == {"anna bertil"}
    assert credit_key(["Anna"], "Song (feat. Bertil)") == "anna bertil"
    assert credit_key(["And"]) == "and"
    assert keys_of_credit(["Anna; Bertil"]) == ("anna", "bertil", "anna bertil")
    assert keys_of_credit(["Anna"]) == ("anna",)
    assert artist_keys("Florence + the Machine") & set(keys_of_credit(["Florence and the Machine"]))


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Song (feat. Guest) [Live]", "song live"),
        ("Song ft. Guest", "song"),
        ("(feat. Guest)", "feat guest"),
        ("Left", "left"),
    ],
)
def test_the_key_of_a_title_is_without_guests(title, key):
    """Other words in brackets stay."""
    assert title_key(title) == key


def test_file_names_keep_their_punctuation():
    """Only case, spaces and the form of accents do not matter."""
    assert plain_key("01 Cafe\u0301.MP3") == plain_key("01 CAFÉ.mp3") != plain_key("01-café.mp3")
