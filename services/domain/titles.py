"""What a title says about a recording: the piece, its version, and its release.

A title may have notes in brackets or after a dash or a slash. "(2011 Remaster)" and "- Radio Edit" name a release of
the recording, "(Live)" and "[Acoustic Version]" another recording of the piece. What is neither is part of the piece.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.domain.names import name_key, single_spaced

NESTED_MAX = 8
"""Brackets within brackets that are looked into."""

CACHED = 65_536
"""Titles that are remembered taken apart, because each answer compares hundreds."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RELEASES = _words(
    "remaster remastered remastering remasterizado remasterizada remasterise remasterisee remastert mono stereo bonus "
    "deluxe edition explicit clean anniversary edit version album single radio original reissue soundtrack ost "
    "expanded extended official lyric lyrics"
)
"""Words of which one makes a note that of a release, if its other words are of these, of `_BESIDE`, or numbers."""

_BESIDE = _words(
    "digital digitally re newly the a an of in from for track tracks mix lp ep full length short long video film movie "
    "motion picture uk us usa japan japanese international special limited super standard collectors st nd rd th inch "
    "hd hq audio new uncut only exclusive best greatest hits master recording on s"
)

_EDITS = _words("edit radio short long extended full single uncut")
"""Words of releases that may have another length."""

_KINDS = {
    word: kind
    for kind, words in (
        ("live", "live concert concierto konzert unplugged vivo directo"),
        ("acoustic", "acoustic acustico acustica acoustique akustik akustisch stripped"),
        ("instrumental", "instrumental instrumentale karaoke playback"),
        ("a cappella", "acapella acappella cappella"),
        ("remix", "remix remixed rmx rework reworked bootleg mashup vip refix flip"),
        ("dub", "dub"),
        ("demo", "demo demos rehearsal outtake"),
        ("alternate", "alternate alternative alt"),
        ("cover", "cover tribute rendition"),
        ("arrangement", "orchestral orchestra symphonic piano strings orchester reprise choir arrangement"),
        ("speed", "slowed sped nightcore daycore screwed"),
    )
    for word in words.split()
}
"""First or last words of notes that make a title that of another recording, and the kind of recording."""

_OTHER_KINDS = {"mix": "remix", "edit": "remix", "version": "version", "take": "take", "session": "session"}
"""The same for last words without a word of `_KINDS`."""

_FILLERS = _words("the a an of at in from on by for with and version mix edit recorded")
"""Words that do not distinguish one version from another."""

_SILENT = (_RELEASES | _FILLERS) - _OTHER_KINDS.keys()
"""Words before and after which the word that names the kind is looked for."""

# The patterns expect single spaces (`single_spaced`): with `\s*` a row of spaces would be read again from each of them.
_OPENING, _CLOSING = r"(\[{\u3008\u300c\u3010\uff08", r")\]}\u3009\u300d\u3011\uff09"
_BRACKETS = re.compile(rf"[{_OPENING}]([^{_OPENING}{_CLOSING}]*+)[{_CLOSING}]")
_DIVIDER = re.compile(r" [-\u2010-\u2015~|]++ | ?/ ?|[:;] ")
_CREDIT = re.compile(r" ?\b(?:feat|ft|featuring)\b\.? .*", re.IGNORECASE)
_CREDITED = re.compile(r" ?(?:feat|ft|featuring|with|w/|prod|produced)\b", re.IGNORECASE)
_EDIT_WORD = re.compile("|".join(sorted(_EDITS)), re.IGNORECASE)
_REMASTERED = re.compile(r" (?:\d{4} )?(?:digital )?remaster(?:ed)?(?: \d{4})? ?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart.

    Attributes:
        piece: Key of the title without notes and spaces, for comparisons.
        kinds: What makes it another recording of the piece, such as "live".
        details: The other words of the notes that say so: a place, a year, a remixer.
        is_edit: Whether it names a release that may have another length.
    """

    piece: str
    kinds: frozenset[str] = frozenset()
    details: frozenset[str] = frozenset()
    is_edit: bool = False

    def may_be(self, other: "Title") -> bool:
        """Return whether both may be titles of one recording.

        "(Live)" may be "(Live at Wembley)". "(Live in Paris)" is another recording, and so is a title without a note.
        """
        if self.piece != other.piece or self.kinds != other.kinds:
            return False
        return self.details <= other.details or other.details <= self.details


@lru_cache(CACHED)
def title_of(text: str) -> Title:
    """Take a title apart.

    >>> title_of("Song (2011 Remaster)") == title_of("SONG - Remastered")
    True
    >>> sorted(title_of("Song [Live at Wembley, 1986]").kinds)
    ['live']
    """
    notes: list[Sequence[str]] = []

    def without_note(found: re.Match[str]) -> str:
        if _CREDITED.match(found[1]):
            return " "
        return " " if _noted(found[1], notes) else f" {found[1]} "

    bare = single_spaced(text)
    for _ in range(NESTED_MAX):
        bare, brackets = _BRACKETS.subn(without_note, bare)
        if not brackets:
            break
    first, *others = _DIVIDER.split(_CREDIT.sub("", single_spaced(bare)))
    kept = [first, *(part for part in others if not _noted(part, notes))]
    piece = name_key(_REMASTERED.sub("", single_spaced(" ".join(kept)))).replace(" ", "")
    return _with_notes(piece or (name_key(text) or text.casefold()).replace(" ", ""), notes)


def may_be_edit(text: str) -> bool:
    """Return whether a title may name an edit, without taking it apart."""
    return not text.isascii() or _EDIT_WORD.search(text.replace("'", "").replace("`", "")) is not None


def _noted(note: str, notes: list[Sequence[str]]) -> bool:
    """Add the words of a note to the notes, and return True, if it names a release or a version."""
    words = name_key(note).split()
    if _is_release(words) or _kinds_of(words):
        notes.append(words)
        return True
    return False


def _is_release(words: Sequence[str]) -> bool:
    if words[:1] == ["from"]:  # a film or a game
        return True
    return not _RELEASES.isdisjoint(words) and all(
        word in _RELEASES or word in _BESIDE or word.isdigit() for word in words
    )


def _kinds_of(words: Sequence[str]) -> set[str]:
    named = [word for word in words if not word.isdigit() and word not in _SILENT]
    if not named:
        return set()
    kinds = {_KINDS[word] for word in (named[0], named[-1]) if word in _KINDS}
    return kinds or {_OTHER_KINDS[word] for word in named[-1:] if word in _OTHER_KINDS}


def _with_notes(piece: str, notes: Sequence[Sequence[str]]) -> Title:
    kinds, details, is_edit = set[str](), set[str](), False
    for words in notes:
        if _is_release(words):
            is_edit = is_edit or not _EDITS.isdisjoint(words)
        else:
            kinds |= _kinds_of(words)
            details |= set(words) - _KINDS.keys() - _RELEASES - _FILLERS
    return Title(piece, frozenset(kinds), frozenset(details), is_edit)
