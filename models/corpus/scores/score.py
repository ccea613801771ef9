"""A piece as notes, and as a standard MIDI file (format 1): what a soundfont can be played with.

Source of the file format: Standard MIDI Files 1.0, RP-001, MIDI Manufacturers Association.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

TICKS_PER_QUARTER = 480
DRUM_CHANNEL = 9  # General MIDI plays percussion on the tenth channel

_NOTE_ON, _CONTROL, _PROGRAM = 0x90, 0xB0, 0xC0
_VOLUME, _PAN, _REVERB, _CHORUS = 7, 10, 91, 93  # controllers
_MICROSECONDS_PER_MINUTE = 60_000_000
# At one tick, notes end before others start, so that a repeated note sounds again.
_SETUP, _OFF, _ON = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    Attributes:
        beat: Its start, in quarter notes from the beginning.
        length: In quarter notes.
        pitch: MIDI note, 0…127; on the drum channel, which drum.
        velocity: 1…127.
    """

    beat: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument plays.

    Attributes:
        name: Its role: melody, chords, bass …
        channel: MIDI channel, 0…15.
        program: General MIDI program, 0…127.
        pan: 0, left, to 127, right.
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
        genre: Name of the template it was composed from.
        tempo: Quarter notes a minute.
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
        """From the start to the end of the last note."""
        ends = (note.beat + note.length for part in self.parts for note in part.notes)
        return max(ends, default=0.0) * 60.0 / self.tempo


_Event = tuple[int, int, bytes]  # tick, order within the tick, message


def midi(score: Score) -> bytes:
    """Write a score as a standard MIDI file: a track of tempo and metre, then one for each part.

    Args:
        score: Tempo above 3.6 (what 24 bits of microseconds hold), metre with a power of two below.

    Returns:
        The bytes of the file.
    """
    numerator, denominator = score.metre
    tempo = round(_MICROSECONDS_PER_MINUTE / score.tempo).to_bytes(3, "big")
    metre = bytes((numerator, denominator.bit_length() - 1, 24, 8))
    conductor: list[_Event] = [
        (0, _SETUP, b"\xff\x03" + _counted(score.title.encode())),
        (0, _SETUP, b"\xff\x51\x03" + tempo),
        (0, _SETUP, b"\xff\x58\x04" + metre),
    ]
    tracks = [_track(conductor), *(_track(_events(part)) for part in score.parts)]
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS_PER_QUARTER) + b"".join(tracks)


def _events(part: Part) -> Iterable[_Event]:
    channel = part.channel
    yield 0, _SETUP, b"\xff\x03" + _counted(part.name.encode())
    yield 0, _SETUP, bytes((_PROGRAM | channel, part.program))
    settings = ((_VOLUME, part.volume), (_PAN, part.pan), (_REVERB, part.reverb), (_CHORUS, part.chorus))
    for controller, value in settings:
        yield 0, _SETUP, bytes((_CONTROL | channel, controller, value))
    for note in part.notes:
        start = max(0, round(note.beat * TICKS_PER_QUARTER))
        end = max(start + 1, round((note.beat + note.length) * TICKS_PER_QUARTER))
        yield start, _ON, bytes((_NOTE_ON | channel, note.pitch, note.velocity))
        yield end, _OFF, bytes((_NOTE_ON | channel, note.pitch, 0))


def _track(events: Iterable[_Event]) -> bytes:
    body, now = bytearray(), 0
    # The sort is stable: messages of the same kind at the same tick keep their order.
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        body += _variable_length(tick - now) + message
        now = tick
    body += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(body)) + bytes(body)


def _counted(text: bytes) -> bytes:
    return _variable_length(len(text)) + text


def _variable_length(number: int) -> bytes:
    """Seven bits a byte, the most significant first, the eighth bit set on all but the last."""
    encoded = bytearray((number & 0x7F,))
    while number := number >> 7:
        encoded.insert(0, 0x80 | (number & 0x7F))
    return bytes(encoded)
