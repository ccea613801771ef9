"""Parts written out from what was drawn for a piece: melody, accompaniments, bass and drums."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.corpus.scores import melody, patterns
from models.corpus.scores.genres import Genre
from models.corpus.scores.melody import Key
from models.corpus.scores.score import Note

_MELODY_FLOOR = 60  # middle C
_BASS_FLOOR = 28  # the E of a bass guitar's lowest string
_OCTAVE = 12
_HELD, _REST = "-", "."
_STEP = 0.25  # quarter notes in a sixteenth
_DETACHED = 0.92  # of a step: so that repeated notes are heard apart
_SWUNG = 1 / 6  # quarter notes that a triplet's third lies behind the straight eighth
_JITTER = 0.012  # quarter notes: people are this uneven
_SPREAD = 3.0  # standard deviation of the velocity
_LOUD = 0.75  # from here on a section begins with a crash
_FILL = 4  # sixteenths that a fill on the toms takes
_DRUM_ACCENTS: Mapping[str, float] = {"X": 1.1, "x": 0.85, "o": 0.5}


@dataclass(frozen=True, slots=True)
class Section:
    """Some bars of one theme.

    Attributes:
        theme: Sections of the same theme have the same chords and melody.
        playing: A letter for each role that plays.
        level: How loud, 0…1.
        first_bar: Counted from the piece's beginning.
        bars: How many.
    """

    theme: str
    playing: str
    level: float
    first_bar: int
    bars: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What has been drawn for a piece before a note is written.

    Attributes:
        genre: Template.
        rng: Decides what is still open.
        tempo: Quarter notes a minute.
        metre: Numerator and denominator.
        key: Tonic and scale.
        sections: In order, without gaps.
        progressions: For each theme the degree of each chord, a bar each.
    """

    genre: Genre
    rng: np.random.Generator
    tempo: float
    metre: tuple[int, int]
    key: Key
    sections: tuple[Section, ...]
    progressions: Mapping[str, tuple[int, ...]]

    def bar_start(self, bar: int) -> float:
        """Quarter notes before a bar."""
        return bar * 4.0 * self.metre[0] / self.metre[1]

    def chord(self, theme: str, bar: int) -> int:
        """Degree of the chord in a theme's bar."""
        progression = self.progressions[theme]
        return progression[bar % len(progression)]

    def note(self, beat: float, length: float, pitch: int, strength: tuple[float, float]) -> Note:
        """A note as it is played: off-beat eighths swing, nothing is quite even.

        Args:
            beat: Where it is written, in quarter notes.
            length: In quarter notes.
            pitch: MIDI note; moved by octaves into the range of MIDI.
            strength: Level of the section, 0…1, and a factor for the accent.
        """
        level, accent = strength
        softest, loudest = self.genre.velocity
        velocity = (softest + (loudest - softest) * level) * accent + self.rng.normal(0.0, _SPREAD)
        swing = _SWUNG * self.genre.swing if abs(beat % 1.0 - 0.5) < _STEP / 2 else 0.0
        onset = max(0.0, beat + swing + self.rng.uniform(-_JITTER, _JITTER))
        return Note(onset, length, pitch, int(np.clip(velocity, 1, 127)))


def write_melody(plan: Plan, sections: Sequence[Section], *, octave: int = 0) -> Iterator[Note]:
    """The themes' melodies wherever their sections come.

    Args:
        plan: What has been drawn.
        sections: Where the melody plays.
        octave: Octaves that it is moved by.
    """
    floor = _MELODY_FLOOR + _OCTAVE * (octave + plan.genre.register)
    longest = max((section.bars for section in plan.sections), default=0)
    seed = int(np.random.default_rng(plan.key.tonic + round(plan.tempo)).integers(2**31))
    for section in sections:
        # Each theme has a generator of its own: all parts that carry it, and all its sections, have the same melody.
        rng = np.random.default_rng((seed, ord(section.theme)))
        chords = [plan.chord(section.theme, bar) for bar in range(longest)]
        for tone in melody.compose(rng, plan.key, chords, metre=plan.metre, density=plan.genre.density):
            if tone.bar < section.bars:
                beat = plan.bar_start(section.first_bar + tone.bar) + tone.start
                yield plan.note(beat, tone.length * _DETACHED, floor + tone.pitch, (section.level, 1.05))


def write_chords(plan: Plan, sections: Sequence[Section], style: str) -> Iterator[Note]:
    """An accompaniment in one style of `patterns.ACCOMPANIMENTS`."""
    pattern = patterns.bar(patterns.ACCOMPANIMENTS[style], plan.metre)
    for section in sections:
        for bar in range(section.bars):
            root = plan.chord(section.theme, bar)
            tones = plan.key.tones(root, sevenths=plan.genre.sevenths)
            yield from _pattern_notes(plan, section, bar, pattern, tones)


def write_bass(plan: Plan, sections: Sequence[Section], line: str) -> Iterator[Note]:
    """A bass line of `patterns.BASS_LINES`: root, fifth and octave rather than thirds in between."""
    pattern = patterns.bar(patterns.BASS_LINES[line], plan.metre)
    for section in sections:
        for bar in range(section.bars):
            root = plan.chord(section.theme, bar)
            tones = plan.key.tones(root, sevenths=False, lowest=_BASS_FLOOR)
            yield from _pattern_notes(plan, section, bar, pattern, tones)


def write_drums(plan: Plan, sections: Sequence[Section], kit: str) -> Iterator[Note]:
    """A drum pattern of `patterns.DRUMS`, with a fill before each section and a crash on the loud ones' first beat."""
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
    """One off-beat hit less or a ghost note more: so that pieces of a genre differ in their groove."""
    step = int(plan.rng.integers(1, len(pattern)))
    if step % 4 == 0:
        return pattern
    return pattern[:step] + (_REST if pattern[step] != _REST else "o") + pattern[step + 1 :]


def _pattern_notes(plan: Plan, section: Section, bar: int, pattern: str, tones: Sequence[int]) -> Iterator[Note]:
    """The notes of one bar of an accompaniment or a bass line."""
    start = plan.bar_start(section.first_bar + bar)
    for step, character in enumerate(pattern):
        if character in (_HELD, _REST):
            continue
        rest = pattern[step + 1 :]
        held = len(rest) - len(rest.lstrip(_HELD))
        strength = (section.level, 1.1 if character.isupper() else 0.9)
        for pitch in _struck(plan, character, tones):
            yield plan.note(start + step * _STEP, (held + _DETACHED) * _STEP, pitch, strength)


def _struck(plan: Plan, character: str, tones: Sequence[int]) -> Sequence[int]:
    in_octave = len(tones) // 3
    if character in "xX":
        return tones[:in_octave]
    if character in "pP":
        return tones[0] - _OCTAVE, tones[2] - _OCTAVE, tones[in_octave] - _OCTAVE
    if character == "?":
        return (tones[int(plan.rng.integers(in_octave + 1))],)
    return (tones[int(character)],)
