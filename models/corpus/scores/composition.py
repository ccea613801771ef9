"""Composition of a score from a genre: form, chords, melody, accompaniments, bass and drums, drawn from a seed.

The same genre and number always give the same score.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeVar

import numpy as np

from models.corpus.scores import melody, patterns
from models.corpus.scores.genres import Genre
from models.corpus.scores.melody import PROGRESSIONS, Key
from models.corpus.scores.score import DRUM_CHANNEL, Note, Part, Score

_Option = TypeVar("_Option")

_MELODY_FLOOR = 60  # middle C
_BASS_FLOOR = 28  # the E of a bass guitar's lowest string
_OCTAVE = 12
_HELD, _REST = "-", "."
_STEP = 0.25  # quarter notes in a sixteenth
_DETACHED = 0.92  # sounding share of a step: separates repeated notes
_SWUNG = 1 / 6  # quarter notes from the straight eighth to the third note of a triplet
_JITTER = 0.012  # quarter notes: timing deviation of human players
_SPREAD = 3.0  # standard deviation of the velocity
_LOUD = 0.75  # sections above this level begin with a crash cymbal
_FILL = 4  # sixteenths of a fill on the toms
_DRUM_ACCENTS: Mapping[str, float] = {"X": 1.1, "x": 0.85, "o": 0.5}

_MELODY, _DOUBLING, _CHORDS, _LAYER, _BASS, _DRUMS = "M", "D", "C", "L", "B", "P"
_TUTTI = _MELODY + _DOUBLING + _CHORDS + _LAYER + _BASS + _DRUMS

# Sections: theme, roles that play, level 0…1.
_FORMS: tuple[tuple[tuple[str, str, float], ...], ...] = (
    (("A", "C", 0.3), ("A", "MCB", 0.5), ("B", "MCLBP", 0.8), ("A", _TUTTI, 1.0), ("B", "LC", 0.2), ("A", _TUTTI, 1.0)),
    (("A", "MCLBP", 0.8), ("B", "CBP", 0.7), ("A", "MCLBP", 0.9), ("C", "MLB", 0.4), ("B", _TUTTI, 1.0)),
    (("A", "BP", 0.6), ("A", "CBP", 0.7), ("A", "MCBP", 0.8), ("B", _TUTTI, 1.0), ("C", "L", 0.2), ("B", _TUTTI, 1.0)),
    (("A", "MC", 0.4), ("A", "MCB", 0.5), ("B", "MLB", 0.6), ("C", "MCLBP", 0.9), ("A", _TUTTI, 0.8)),
    (("A", "L", 0.4), ("B", "MCLB", 0.6), ("A", "MCLBP", 0.7), ("B", "CLBP", 0.8), ("C", _TUTTI, 1.0)),
)
_LONG_BAR = 2.6  # seconds: sections have four longer bars, or eight shorter ones
_PANS = (64, 54, 40, 88, 64, 64)  # melody and bass in the centre, accompaniments to the sides
_ENDING = 4.0  # quarter notes of the last chord


@dataclass(frozen=True, slots=True)
class Section:
    """Some bars of one theme.

    Attributes:
        theme: Letter; sections of the same theme have the same chords and melody.
        playing: One letter for each role that plays.
        level: Loudness, 0…1.
        first_bar: Index of its first bar in the piece.
        bars: Number of bars.
    """

    theme: str
    playing: str
    level: float
    first_bar: int
    bars: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Properties of a piece that are drawn before its notes.

    Attributes:
        genre: Template.
        rng: Random generator of the notes.
        tempo: Quarter notes per minute.
        metre: Numerator and denominator.
        key: Tonic and scale.
        sections: In order, without gaps.
        progressions: Theme → degree of each chord, one per bar.
    """

    genre: Genre
    rng: np.random.Generator
    tempo: float
    metre: tuple[int, int]
    key: Key
    sections: tuple[Section, ...]
    progressions: Mapping[str, tuple[int, ...]]

    def bar_start(self, bar: int) -> float:
        """Return the start of a bar in quarter notes."""
        return bar * 4.0 * self.metre[0] / self.metre[1]

    def chord(self, theme: str, bar: int) -> int:
        """Return the degree of the chord in a bar of a theme."""
        progression = self.progressions[theme]
        return progression[bar % len(progression)]

    def note(self, beat: float, length: float, pitch: int, strength: tuple[float, float]) -> Note:
        """Return a note with swing on off-beat eighths and small random deviations of timing and velocity.

        Args:
            beat: Notated start in quarter notes.
            length: Quarter notes.
            pitch: MIDI note, 0…127.
            strength: Level of the section, 0…1, and the factor of the accent.
        """
        level, accent = strength
        softest, loudest = self.genre.velocity
        velocity = (softest + (loudest - softest) * level) * accent + self.rng.normal(0.0, _SPREAD)
        swing = _SWUNG * self.genre.swing if abs(beat % 1.0 - 0.5) < _STEP / 2 else 0.0
        onset = max(0.0, beat + swing + self.rng.uniform(-_JITTER, _JITTER))
        return Note(onset, length, pitch, int(np.clip(velocity, 1, 127)))


def write_melody(plan: Plan, sections: Sequence[Section], *, octave: int = 0) -> Iterator[Note]:
    """Yield the notes of the themes' melodies in the given sections.

    Args:
        plan: Properties of the piece.
        sections: Sections in which the melody plays.
        octave: Transposition in octaves.
    """
    floor = _MELODY_FLOOR + _OCTAVE * (octave + plan.genre.register)
    longest = max((section.bars for section in plan.sections), default=0)
    seed = int(np.random.default_rng(plan.key.tonic + round(plan.tempo)).integers(2**31))
    for section in sections:
        # A generator per theme gives all sections and parts of the theme the same melody.
        rng = np.random.default_rng((seed, ord(section.theme)))
        chords = [plan.chord(section.theme, bar) for bar in range(longest)]
        for tone in melody.compose(rng, plan.key, chords, metre=plan.metre, density=plan.genre.density):
            if tone.bar < section.bars:
                beat = plan.bar_start(section.first_bar + tone.bar) + tone.start
                yield plan.note(beat, tone.length * _DETACHED, floor + tone.pitch, (section.level, 1.05))


def write_chords(plan: Plan, sections: Sequence[Section], style: str) -> Iterator[Note]:
    """Yield the notes of an accompaniment in one style of `patterns.ACCOMPANIMENTS`."""
    pattern = patterns.bar(patterns.ACCOMPANIMENTS[style], plan.metre)
    for section in sections:
        for bar in range(section.bars):
            root = plan.chord(section.theme, bar)
            tones = plan.key.tones(root, sevenths=plan.genre.sevenths)
            yield from _pattern_notes(plan, section, bar, pattern, tones)


def write_bass(plan: Plan, sections: Sequence[Section], line: str) -> Iterator[Note]:
    """Yield the notes of a bass line of `patterns.BASS_LINES`."""
    pattern = patterns.bar(patterns.BASS_LINES[line], plan.metre)
    for section in sections:
        for bar in range(section.bars):
            root = plan.chord(section.theme, bar)
            tones = plan.key.tones(root, sevenths=False, lowest=_BASS_FLOOR)
            yield from _pattern_notes(plan, section, bar, pattern, tones)


def write_drums(plan: Plan, sections: Sequence[Section], kit: str) -> Iterator[Note]:
    """Yield the notes of a drum kit of `patterns.DRUMS`; sections end with a fill, and loud ones start with a crash."""
    drums = {drum: _varied(plan, patterns.bar(forms, plan.metre)) for drum, forms in patterns.DRUMS[kit].items()}
    for section in sections:
        if section.level > _LOUD:
            yield plan.note(plan.bar_start(section.first_bar), 1.0, patterns.CRASH, (section.level, 0.9))
        for bar in range(section.bars):
            start = plan.bar_start(section.first_bar + bar)
            fills = bar == section.bars - 1
            for drum, pattern in drums.items():
                for step, hit in enumerate(pattern[:-_FILL] if fills else pattern):
                    if hit != _REST:
                        strength = (section.level, _DRUM_ACCENTS[hit])
                        yield plan.note(start + step * _STEP, _STEP, drum, strength)
            if fills:
                yield from _fill(plan, section)


def _fill(plan: Plan, section: Section) -> Iterator[Note]:
    toms = (patterns.HIGH_TOM, patterns.MID_TOM, patterns.LOW_TOM, patterns.FLOOR_TOM, patterns.SNARE)
    end = plan.bar_start(section.first_bar + section.bars)
    for step in range(_FILL):
        tom = toms[int(plan.rng.integers(len(toms)))]
        yield plan.note(end - (_FILL - step) * _STEP, _STEP, tom, (section.level, 0.9 + 0.05 * step))


def _varied(plan: Plan, pattern: str) -> str:
    """Remove an off-beat hit or add a ghost note, so that pieces of a genre differ in groove."""
    step = int(plan.rng.integers(1, len(pattern)))
    if step % 4 == 0:
        return pattern
    return pattern[:step] + (_REST if pattern[step] != _REST else "o") + pattern[step + 1 :]


def _pattern_notes(plan: Plan, section: Section, bar: int, pattern: str, tones: Sequence[int]) -> Iterator[Note]:
    """Yield the notes of one bar of an accompaniment or a bass line."""
    start = plan.bar_start(section.first_bar + bar)
    for step, character in enumerate(pattern):
        if character in (_HELD, _REST):
            continue
        rest = pattern[step + 1 :]
        held = len(rest) - len(rest.lstrip(_HELD))
        strength = (section.level, 1.1 if character.isupper() else 0.9)
        for pitch in _chord_tones(plan, character, tones):
            yield plan.note(start + step * _STEP, (held + _DETACHED) * _STEP, pitch, strength)


def _chord_tones(plan: Plan, character: str, tones: Sequence[int]) -> Sequence[int]:
    in_octave = len(tones) // 3
    if character in "xX":
        return tones[:in_octave]
    if character in "pP":
        return tones[0] - _OCTAVE, tones[2] - _OCTAVE, tones[in_octave] - _OCTAVE
    if character == "?":
        return (tones[int(plan.rng.integers(in_octave + 1))],)
    return (tones[int(character)],)


def compose(genre: Genre, number: int, seconds: float = 72.0, *, tonic: int | None = None) -> Score:
    """Compose one piece of a genre.

    Args:
        genre: Template.
        number: Number of the piece within its genre; the seed is the genre's name and this number.
        seconds: Approximate duration; a piece is a whole number of sections, at least two.
        tonic: Semitones above C, 0…11; drawn if not given.

    Returns:
        The score; its title is the genre's name and the number.
    """
    rng = np.random.default_rng((zlib.crc32(genre.name.encode()), number))
    plan = _draw(genre, rng, seconds, tonic)
    parts = tuple(part for part in _parts(plan) if part.notes)
    return Score(f"{genre.name}-{number:02d}", genre.name, plan.tempo, plan.metre, plan.key.mode, parts)


def _draw(genre: Genre, rng: np.random.Generator, seconds: float, tonic: int | None) -> Plan:
    tempo = float(rng.integers(genre.tempo[0], genre.tempo[1] + 1))
    metre = _one_of(rng, genre.metres)
    drawn = int(rng.integers(12))  # also where it is given, so that the rest of the piece stays the same
    key = Key(drawn if tonic is None else tonic, _one_of(rng, genre.modes))
    known = PROGRESSIONS[key.mode]
    progressions = {theme: _one_of(rng, known) for theme in "ABC"}
    bar_seconds = 240.0 * metre[0] / metre[1] / tempo
    form = _one_of(rng, _FORMS)
    sections = tuple(_sections(form, _roles(genre), bar_seconds, seconds))
    return Plan(genre, rng, tempo, metre, key, sections, progressions)


def _roles(genre: Genre) -> str:
    """Return the letters of the roles for which a genre has instruments."""
    instruments = (genre.lead, genre.lead[1:], genre.chords, genre.layer, genre.bass, genre.drums)
    letters = (_MELODY, _DOUBLING, _CHORDS, _LAYER, _BASS, _DRUMS)
    return "".join(letter for letter, choice in zip(letters, instruments, strict=True) if choice)


def _sections(
    form: Sequence[tuple[str, str, float]], roles: str, bar_seconds: float, seconds: float
) -> Iterator[Section]:
    bars = 4 if bar_seconds > _LONG_BAR else 8
    count = max(2, round(seconds / bar_seconds / bars))
    for index, (theme, roles_of_section, level) in zip(range(count), cycle(form), strict=False):
        # If the genre has none of the section's roles, all its instruments play, so that no section is silent.
        playing = "".join(role for role in roles_of_section if role in roles) or roles
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
