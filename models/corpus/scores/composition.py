"""Pieces by rule and chance: sections of changing density over a genre's chords, bass lines and drums.

The same genre and number always give the same score.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TypeVar

import numpy as np

from models.corpus.scores.arrangement import Plan, Section, write_bass, write_chords, write_drums, write_melody
from models.corpus.scores.genres import Genre
from models.corpus.scores.melody import PROGRESSIONS, Key
from models.corpus.scores.score import DRUM_CHANNEL, Note, Part, Score

_Option = TypeVar("_Option")

_MELODY, _DOUBLING, _CHORDS, _LAYER, _BASS, _DRUMS = "M", "D", "C", "L", "B", "P"
_TUTTI = _MELODY + _DOUBLING + _CHORDS + _LAYER + _BASS + _DRUMS

# Sections: the theme, the roles that play, and how loud, 0…1.
_FORMS: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (("A", "C", 0.3), ("A", "MCB", 0.5), ("B", "MCLBP", 0.8), ("A", _TUTTI, 1.0), ("B", "LC", 0.2), ("A", _TUTTI, 1.0)),
    (("A", "MCLBP", 0.8), ("B", "CBP", 0.7), ("A", "MCLBP", 0.9), ("C", "MLB", 0.4), ("B", _TUTTI, 1.0)),
    (("A", "BP", 0.6), ("A", "CBP", 0.7), ("A", "MCBP", 0.8), ("B", _TUTTI, 1.0), ("C", "L", 0.2), ("B", _TUTTI, 1.0)),
    (("A", "MC", 0.4), ("A", "MCB", 0.5), ("B", "MLB", 0.6), ("C", "MCLBP", 0.9), ("A", _TUTTI, 0.8)),
    (("A", "L", 0.4), ("B", "MCLB", 0.6), ("A", "MCLBP", 0.7), ("B", "CLBP", 0.8), ("C", _TUTTI, 1.0)),
)
_LONG_BAR = 2.6  # seconds: sections of such bars have four of them, otherwise eight
_PANS = (64, 54, 40, 88, 64, 64)  # melody and bass in the middle, accompaniments to the sides
_ENDING = 4.0  # quarter notes that the last chord is held


def compose(genre: Genre, number: int, seconds: float = 72.0) -> Score:
    """Compose one piece of a genre.

    Args:
        genre: Template.
        number: Tells the pieces of a genre apart; with the genre's name it is the seed.
        seconds: About how long; the piece is a whole number of sections, two at least.

    Returns:
        The score; its title is the genre's name and the number.
    """
    rng = np.random.default_rng((zlib.crc32(genre.name.encode()), number))
    plan = _draw(genre, rng, seconds)
    parts = tuple(part for part in _parts(plan) if part.notes)
    return Score(f"{genre.name}-{number:02d}", genre.name, plan.tempo, plan.metre, plan.key.mode, parts)


def _draw(genre: Genre, rng: np.random.Generator, seconds: float) -> Plan:
    tempo = float(rng.integers(genre.tempo[0], genre.tempo[1] + 1))
    metre = _one_of(rng, genre.metres)
    key = Key(int(rng.integers(12)), _one_of(rng, genre.modes))
    known = PROGRESSIONS[key.mode]
    progressions = {theme: _one_of(rng, known) for theme in "ABC"}
    bar_seconds = 240.0 * metre[0] / metre[1] / tempo
    form = _one_of(rng, _FORMS)
    sections = tuple(_sections(form, _roles(genre), bar_seconds, seconds))
    return Plan(genre, rng, tempo, metre, key, sections, progressions)


def _roles(genre: Genre) -> str:
    """The roles for which a genre has instruments."""
    instruments = (genre.lead, genre.lead[1:], genre.chords, genre.layer, genre.bass, genre.drums)
    letters = (_MELODY, _DOUBLING, _CHORDS, _LAYER, _BASS, _DRUMS)
    return "".join(letter for letter, choice in zip(letters, instruments, strict=True) if choice)


def _sections(
    form: Sequence[tuple[str, str, float]], roles: str, bar_seconds: float, seconds: float
) -> Iterator[Section]:
    bars = 4 if bar_seconds > _LONG_BAR else 8
    count = max(2, round(seconds / bar_seconds / bars))
    for index, (theme, wanted, level) in zip(range(count), cycle(form), strict=False):
        # A section whose instruments a genre lacks would be silent: there everyone plays.
        playing = "".join(role for role in wanted if role in roles) or roles
        yield Section(theme, playing, level, index * bars, bars)


def _parts(plan: Plan) -> Iterator[Part]:
    genre, rng = plan.genre, plan.rng
    lead = list(rng.permutation(genre.lead)) if genre.lead else []

    def playing(role: str) -> list[Section]:
        return [section for section in plan.sections if role in section.playing]

    if lead:
        yield _part(plan, 0, int(lead[0]), "melody", write_melody(plan, playing(_MELODY)))
    if lead[1:]:
        doubling = write_melody(plan, playing(_DOUBLING), octave=int(rng.integers(-1, 1)))
        yield _part(plan, 1, int(lead[1]), "doubling", doubling)
    if genre.chords:
        chords = write_chords(plan, playing(_CHORDS), _one_of(rng, genre.styles))
        yield _part(plan, 2, _one_of(rng, genre.chords), "chords", [*chords, *_last_chord(plan)])
    if genre.layer:
        layer = write_chords(plan, playing(_LAYER), _one_of(rng, genre.layer_styles))
        yield _part(plan, 3, _one_of(rng, genre.layer), "layer", layer)
    if genre.bass:
        bass = write_bass(plan, playing(_BASS), _one_of(rng, genre.bass_lines))
        yield _part(plan, 4, _one_of(rng, genre.bass), "bass", bass)
    if genre.drums:
        drums = write_drums(plan, playing(_DRUMS), _one_of(rng, genre.drums))
        yield _part(plan, DRUM_CHANNEL, 0, "drums", drums)


def _part(plan: Plan, channel: int, program: int, name: str, notes: Iterator[Note] | list[Note]) -> Part:
    pan = 64 if channel == DRUM_CHANNEL else _PANS[channel]
    volume = int(plan.rng.integers(84, 112))
    reverb = plan.genre.reverb // 2 if name == "bass" else plan.genre.reverb
    return Part(name, channel, program, pan, reverb, int(plan.rng.integers(0, 40)), tuple(notes), volume)


def _last_chord(plan: Plan) -> Iterator[Note]:
    last = plan.sections[-1]
    tones = plan.key.tones(0, sevenths=False)
    for pitch in tones[:4]:
        yield plan.note(plan.bar_start(last.first_bar + last.bars), _ENDING, pitch, (last.level, 1.0))


def _one_of(rng: np.random.Generator, options: Sequence[_Option]) -> _Option:
    return options[int(rng.integers(len(options)))]
