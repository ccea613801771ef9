"""The one form in which words and names are compared, and the single artists of a credit."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Ranges of Japanese and Chinese characters in a regular expression; these scripts have no spaces between words."""

# Scripts of India and South-East Asia, whose vowels are combining marks: they are part of the word.
_WITH_MARKS = "\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u0f71-\u0f84\u1000-\u109f\u1780-\u17d3"
# Signs at the end of a word distinguish "C", "C++" and "C#"; "A+B" are two words.
_WORDS = re.compile(rf"\d+|[{CJK}]|(?:(?![{CJK}\d_])[\w{_WITH_MARKS}])+(?:[+#]++(?![\w{_WITH_MARKS}]))?")
_CJK = re.compile(rf"[{CJK}]")

# Accents of Latin, Greek and Cyrillic letters, and the optional vowels of Hebrew and Arabic.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# Characters without a width: joiners, marks of direction, soft hyphens, variants of emoji, byte order marks.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+")

# English endings after an apostrophe, which belong to the word: "Boy's" is "Boys", but "L'été" stays two words.
_APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ`´‘′＇", "'"))
_ENDING = re.compile(r"(?<=\w)'(?=(?:s|t|m|d|ll|re|ve)(?!\w))", re.IGNORECASE)

# Letters that are no base letter with an accent to Unicode.
_OTHER = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "'", "ʼ": "'", "`": "'"})

KEY_MAX = 200
"""Characters of a key that count: PostgreSQL indexes no text of more than 2,700 bytes."""

TEXT_MAX = 1000
"""Characters of a text in which guests and notes are looked for."""

KEY_SEPARATOR = "\x1f"
"""The separator of keys in one text; it sorts before every printable character."""

SEPARATORS = (";",)
"""What separates names in one text, besides what a setting adds."""

# "A feat. B", "A (feat. B)", "A [with B]". A title has no "with": "Alone (with You)" names nobody.
# The patterns expect single spaces (`single_spaced`): with `\s*` a row of spaces would be read again from each of them.
_GUEST_WORDS = r"feat\.?|ft\.?|featuring"
_GUESTS_OF_ARTIST = re.compile(
    rf" ?[(\[] ?(?:{_GUEST_WORDS}|with) (?P<in_brackets>[^()\[\]]++)[)\]]| (?:{_GUEST_WORDS}) (?P<bare>.+)$",
    re.IGNORECASE,
)
_GUESTS_OF_TITLE = re.compile(
    rf" ?[(\[] ?(?:{_GUEST_WORDS}) (?P<in_brackets>[^()\[\]]++)[)\]]"
    rf"| (?:{_GUEST_WORDS}) (?P<bare>[^()\[\]]++)(?=[(\[]|$)",
    re.IGNORECASE,
)
# Words between the names of a credit: "A & B", "A and B", "A feat. B" are spellings of one credit.
_BETWEEN_NAMES = frozenset({"and", "with", "feat", "ft", "featuring"})


def fold(word: str) -> str:
    """Return a word in lower case and without accents."""
    if word.isascii():
        return word.lower()
    if _CJK.match(word):  # the marks of kana distinguish syllables
        return word
    parts = unicodedata.normalize("NFD", word.casefold().translate(_OTHER))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", parts))


def name_key(name: str) -> str:
    """Return a key that is equal for names that differ only in case, accents, punctuation, spaces or invisible marks.

    The signs "+" and "#" at the end of a word stay: "C++" is not "C". Other punctuation separates words, except an
    apostrophe before an English ending. The key is empty if the name has neither letters nor digits.
    """
    name = name.translate(_APOSTROPHES)
    if not name.isascii():
        name = _ACCENTS.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", name)))
    return " ".join(fold(word) for word in _WORDS.findall(_ENDING.sub("", name)))


def text_key(text: str) -> str:
    """Return the form in which texts are compared: `name_key`, or for "!!!" the case-folded text itself.

    A text of invisible characters is its own key. The key is empty if the text has only spaces.
    """
    return (name_key(text) or plain_key(text) or single_spaced(unicodedata.normalize("NFC", text)))[:KEY_MAX]


def plain_key(text: str) -> str:
    """Return a text in the form that compares file names: case and the two spellings of accents do not matter."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).casefold().split())


def single_spaced(text: str) -> str:
    """Return the beginning of a text with single spaces for white space."""
    return " ".join(text[:TEXT_MAX].split())


def single_names(texts: Iterable[str], separators: Sequence[str] = SEPARATORS) -> tuple[str, ...]:
    """Return the single names of a tag, each once and in order: "Rock; Pop" is two."""
    pattern = "|".join(re.escape(separator) for separator in separators)
    parts = (part.strip() for text in texts for part in (re.split(pattern, text) if pattern else [text]))
    return _distinct(part for part in parts if part)


def credited(artists: Iterable[str], title: str = "", separators: Sequence[str] = SEPARATORS) -> tuple[str, ...]:
    """Return the single artists of a credit, the first one first; guests follow, also those that a title names.

    Names joined by "&" or a comma stay one: "Simon & Garfunkel", "Earth, Wind & Fire".
    """
    main: list[str] = []
    guests: list[str] = []
    for name in map(single_spaced, single_names(artists, separators)):
        found = [*_GUESTS_OF_ARTIST.finditer(name)]
        main.append(_GUESTS_OF_ARTIST.sub("", name).strip() or name)
        guests += [match["in_brackets"] or match["bare"] for match in found]
    guests += _guests_of_title(title)
    return _distinct([*main, *single_names(guests, separators)])


def credit_key(artists: Iterable[str], title: str = "") -> str:
    """Return the key of a whole credit, equal for "A & B", "A; B" and "A feat. B", and for "A" with a "T (feat. B)".

    The words between the names do not count; the order of the names does.
    """
    whole = text_key(" ".join([*artists, *_guests_of_title(title)]))
    return " ".join(word for word in whole.split() if word not in _BETWEEN_NAMES) or whole


def artist_keys(name: str) -> frozenset[str]:
    """Return the keys by which a track may have this artist: as one name, or as the credit of several."""
    return frozenset({text_key(name), credit_key([name])})


def keys_of_credit(artists: Sequence[str], title: str = "", separators: Sequence[str] = SEPARATORS) -> tuple[str, ...]:
    """Return the keys of the single artists of a credit, the first one first, and of the whole credit."""
    if not artists:
        return ()
    singles = (text_key(name) for name in credited(artists, title, separators))
    return tuple(dict.fromkeys([*singles, credit_key(artists, title)]))


def title_key(title: str) -> str:
    """Return the key of a title without the guests it names: "Song (feat. B) [Live]" is "song live"."""
    return text_key(_GUESTS_OF_TITLE.sub(" ", single_spaced(title)).strip() or title)


def _guests_of_title(title: str) -> list[str]:
    return [match["in_brackets"] or match["bare"] for match in _GUESTS_OF_TITLE.finditer(single_spaced(title))]


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(text_key(name), name)
    return tuple(found.values())
