"""A score as notes, and its standard MIDI file, which FluidSynth renders."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import mido

TICKS_PER_QUARTER = 480
DRUM_CHANNEL = 9  # General MIDI: percussion is on the tenth channel

_VOLUME, _PAN, _REVERB, _CHORUS = 7, 10, 91, 93  # controller numbers
# Order of messages at the same tick: a note ends before the same note starts again.
_SETUP, _OFF, _ON = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    Attributes:
        beat: Start in quarter notes from the beginning of the piece.
        length: Quarter notes.
        pitch: MIDI note, 0…127; on the drum channel, the drum.
        velocity: 1…127.
    """

    beat: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Part:
    """The notes of one instrument.

    Attributes:
        name: Role: melody, chords, bass …
        channel: MIDI channel, 0…15.
        program: General MIDI program, 0…127.
        pan: 0 (left) … 127 (right).
        reverb: 0…127.
        chorus: 0…127.
        notes: In any order.
        volume: 0…127.
    """

    name: str
    channel: int
    program: int
    pan: int
    reverb: int
    chorus: int
    notes: tuple[Note, ...]
    volume: int = 100


@dataclass(frozen=True, slots=True)
class Score:
    """A piece.

    Attributes:
        title: Unique among the pieces that are rendered together.
        genre: Name of its template.
        tempo: Quarter notes per minute.
        metre: Numerator and denominator.
        mode: Name of the scale.
        parts: At least one.
    """

    title: str
    genre: str
    tempo: float
    metre: tuple[int, int]
    mode: str
    parts: tuple[Part, ...]

    @property
    def seconds(self) -> float:
        """Duration from the start to the end of the last note."""
        ends = (note.beat + note.length for part in self.parts for note in part.notes)
        return max(ends, default=0.0) * 60.0 / self.tempo


def midi(score: Score) -> bytes:
    """Encode a score as a standard MIDI file of format 1: a track of tempo and metre, then one track per part.

    Args:
        score: Tempo above 3.6 (24 bits of microseconds per quarter note), denominator of the metre a power of two.

    Returns:
        Content of the file.
    """
    numerator, denominator = score.metre
    conductor = mido.MidiTrack(
        [
            mido.MetaMessage("track_name", name=score.title),
            mido.MetaMessage("set_tempo", tempo=round(60_000_000 / score.tempo)),
            mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator),
        ]
    )
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.extend([conductor, *map(_track, score.parts)])
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def _track(part: Part) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    # The sort is stable: messages of the same kind at the same tick keep their order.
    for tick, _, message in sorted(_messages(part), key=lambda timed: timed[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _messages(part: Part) -> Iterator[tuple[int, int, mido.Message | mido.MetaMessage]]:
    """Yield tick, order within the tick, and message."""
    channel = part.channel
    yield 0, _SETUP, mido.MetaMessage("track_name", name=part.name)
    yield 0, _SETUP, mido.Message("program_change", channel=channel, program=part.program)
    settings = ((_VOLUME, part.volume), (_PAN, part.pan), (_REVERB, part.reverb), (_CHORUS, part.chorus))
    for control, value in settings:
        yield 0, _SETUP, mido.Message("control_change", channel=channel, control=control, value=value)
    for note in part.notes:
        start = max(0, round(note.beat * TICKS_PER_QUARTER))
        end = max(start + 1, round((note.beat + note.length) * TICKS_PER_QUARTER))
        yield start, _ON, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        yield end, _OFF, mido.Message("note_on", channel=channel, note=note.pitch, velocity=0)
