"""Tracks that are no pieces of music: intros, skits, applause, spoken word, silence."""

import re
from collections.abc import Collection
from enum import StrEnum

from services.domain.names import name_key

SPEECHINESS = 0.66
"""Share of speech from which on a track is spoken word; rap has less."""

SILENCE_LUFS = -50.0
"""Loudness below which nothing is heard at the volume of other tracks; very quiet music has −40."""


class Fragment(StrEnum):
    """The kind of a track that is no piece of music."""

    INTRO = "intro"
    """Also an outro or an interlude."""
    SKIT = "skit"
    APPLAUSE = "applause"
    SPEECH = "speech"
    SILENCE = "silence"


FRAGMENTS = tuple(kind.value for kind in Fragment)

_NOTES = re.compile(r"[()\[\]{}/|:;,]|\s[-\u2010-\u2015]+\s")
_NUMBER = re.compile(r"\d+|[ivx]+|no|nr|pt|part")

_TITLES = (
    (Fragment.SKIT, 4.0, "skit, skits"),
    (Fragment.INTRO, 1.5, "intro, outro, interlude, introduction, intermission, einleitung, introduccion"),
    (Fragment.APPLAUSE, 2.0, "applause, applaus, beifall, applaudissements, aplausos, applausi, ovation, clapping"),
    (Fragment.SILENCE, 2.0, "silence, silent track, stille, blank, silencio, silenzio"),
    (Fragment.SPEECH, 2.0, "announcement, announcements, ansage, dialogue, dialog, monologue"),
    (Fragment.SPEECH, 60.0, "interview, commentary, spoken word, audiobook, horbuch, horspiel"),
)
"""What is the whole title or a note in it, and the most minutes of such a track: "Intro" is also a song."""

_KINDS = {word: (kind, minutes * 60_000) for kind, minutes, words in _TITLES for word in words.split(", ")}

_SPOKEN = frozenset(
    {
        *("audiobook", "audiobooks", "audio book", "audio books", "books spoken", "horbuch", "horbucher", "horspiel"),
        *("livre audio", "audiolibro", "podcast", "radio drama", "radio play"),
        *("speech", "spoken", "spoken word", "spoken audio"),
    }
)
"""Keys (`name_key`) of genres of speech."""


def fragment_of(
    title: str,
    *,
    genres: Collection[str] = (),
    duration_ms: int | None = None,
    speechiness: float | None = None,
    loudness: float | None = None,
) -> Fragment | None:
    """Return the kind of a track that is no piece of music, by its tags, length and sound; None for music.

    A short track is no fragment by its length alone: a title must say so, too.
    """
    if loudness is not None and loudness < SILENCE_LUFS:
        return Fragment.SILENCE
    if not _SPOKEN.isdisjoint(map(name_key, genres)) or (speechiness is not None and speechiness >= SPEECHINESS):
        return Fragment.SPEECH
    for note in _NOTES.split(title):
        words = [word for word in name_key(note).split() if not _NUMBER.fullmatch(word)]
        named = "skit" if "skit" in words else " ".join(words)
        kind, longest_ms = _KINDS.get(named, (None, 0.0))
        if kind is not None and duration_ms is not None and duration_ms <= longest_ms:
            return kind
    return None
