"""Synthesised pieces of music with known tempo, key and mood.

They are the demo library where no real music can be fetched, and tests measure descriptors on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from models.arrays import Float32Array, Float64Array

SAMPLE_RATE = 44_100
ARTIST = "Segue"
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)
HIGHEST_PARTIAL = 12_000.0  # Hz: higher partials add hiss
FADE_SECONDS = 1.5
DETUNE_CENTS = 4.0  # between left and right: makes a pad sound wide


@dataclass(frozen=True)
class Piece:
    """Parameters of a piece.

    Attributes:
        title: Title tag, and name of its file.
        album: Album tag; pieces of one mood share an album.
        tempo: Beats per minute, > 0.
        tonic: MIDI note of the tonic in the bass, 36…59; 48 is a C.
        minor: Minor instead of major.
        progression: Degrees of the scale on which the chords are built, one per bar; 0 is the tonic.
        metre: Beats per bar.
        sustain: 0 (plucked notes) … 1 (held chords).
        brightness: 0 (few overtones) … 1 (many).
        percussion: 0 (none) … 1 (loud drums).
        level: RMS in dB relative to full scale.
        seconds: Duration.
        seed: Seed of the melody.
    """

    title: str
    album: str
    tempo: float
    tonic: int
    minor: bool
    progression: tuple[int, ...] = (0, 4, 5, 3)
    metre: int = 4
    sustain: float = 0.5
    brightness: float = 0.5
    percussion: float = 0.0
    level: float = -16.0
    seconds: float = 32.0
    seed: int = 0


def render(piece: Piece) -> Float32Array:
    """Synthesise a piece; the same piece always gives the same samples.

    Args:
        piece: Parameters of the piece.

    Returns:
        (n_frames, 2) float32 stereo at 44,100 Hz, within ±1.
    """
    mix = np.zeros((round(piece.seconds * SAMPLE_RATE), 2))
    beat = 60 / piece.tempo
    melody = np.random.default_rng(piece.seed)
    for bar in range(int(piece.seconds / (beat * piece.metre)) + 1):
        degree = piece.progression[bar % len(piece.progression)]
        start = bar * beat * piece.metre
        _play_chord(mix, piece, degree, start)
        _play_melody(mix, piece, degree, start, melody)
        if piece.percussion > 0:
            _play_drums(mix, piece, start)
    fade = min(round(FADE_SECONDS * SAMPLE_RATE), len(mix) // 4)
    mix[-fade:] *= np.linspace(1, 0, fade)[:, None]
    gain = 10 ** (piece.level / 20) / np.sqrt(np.mean(mix**2))
    limited: Float32Array = np.tanh(mix * gain).astype(np.float32)  # soft limiting instead of clipping
    return limited


def write(piece: Piece, path: Path) -> None:
    """Render a piece into a tagged file, through a `.partial` file so that no half-written file appears.

    Args:
        piece: Parameters of the piece.
        path: Ends in .ogg, .flac, .mp3 or .wav, which determines the format.
    """
    partial = path.with_name(f".{path.name}.partial")
    samples = render(piece)
    kind = path.suffix[1:].upper()
    with soundfile.SoundFile(partial, "w", SAMPLE_RATE, samples.shape[1], format=kind) as file:
        file.title, file.artist, file.album = piece.title, ARTIST, piece.album
        for start in range(0, len(samples), SAMPLE_RATE):  # libsndfile can crash on one long write of an OGG
            file.write(samples[start : start + SAMPLE_RATE])
    partial.replace(path)


def write_library(folder: Path) -> list[Path]:
    """Write eighteen pieces in four moods, one album per mood; existing files are kept.

    Args:
        folder: Created if missing.

    Returns:
        The files, by album and track.
    """
    paths = []
    for piece, suffix, number in _library():
        path = folder / piece.album / f"{number:02d} {piece.title}{suffix}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(piece, path)
        paths.append(path)
    return paths


def _play_chord(mix: Float64Array, piece: Piece, degree: int, start: float) -> None:
    """Add a bass note, and the triad held for the bar, whose level follows `sustain`."""
    bar = piece.metre * 60 / piece.tempo
    _add(mix, start, 0.6 * _tone(_pitch(piece, degree), bar, piece.brightness * 0.5, decay=bar))
    for step in (0, 2, 4):
        for side, cents in enumerate((-DETUNE_CENTS, DETUNE_CENTS)):
            pitch = _pitch(piece, degree + step + 7) * 2 ** (cents / 1200)
            pad = _tone(pitch, bar * 1.1, piece.brightness, attack=0.15 * bar, decay=4 * bar)
            _add(mix[:, side : side + 1], start, 0.5 * piece.sustain * pad)


def _play_melody(mix: Float64Array, piece: Piece, degree: int, start: float, melody: np.random.Generator) -> None:
    """Add plucked chord notes: two per beat if `sustain` is below one half, otherwise one."""
    per_beat = 2 if piece.sustain < 0.5 else 1  # noqa: PLR2004  one half
    beat = 60 / piece.tempo
    for index in range(piece.metre * per_beat):
        step = int(melody.choice((0, 2, 4, 7)))
        stress = 1.0 if index == 0 else 0.7
        note = _tone(_pitch(piece, degree + step + 14), 2 * beat, piece.brightness, decay=0.6 * beat)
        loudness = stress * (1 - 0.8 * piece.sustain)
        _add(mix, start + index * beat / per_beat, loudness * note * (0.6, 0.4)[index % 2])


def _play_drums(mix: Float64Array, piece: Piece, start: float) -> None:
    beat = 60 / piece.tempo
    for index in range(piece.metre):
        drum = "kick" if index % 2 == 0 else "snare"
        _add(mix, start + index * beat, 1.6 * piece.percussion * _drum(drum))
        for half in (0.0, 0.5):
            _add(mix, start + (index + half) * beat, 0.5 * piece.percussion * _drum("hat"))


def _pitch(piece: Piece, degree: int) -> float:
    """Return the frequency in Hz of a degree of the piece's scale, counted from the tonic in the bass."""
    octave, step = divmod(degree, 7)
    scale = MINOR_SCALE if piece.minor else MAJOR_SCALE
    return float(440 * 2 ** ((piece.tonic + 12 * octave + scale[step] - 69) / 12))


def _add(mix: Float64Array, start: float, sound: Float64Array) -> None:
    at = round(start * SAMPLE_RATE)
    length = max(0, min(len(sound), len(mix) - at))
    mix[at : at + length] += sound[:length, None]


@lru_cache(maxsize=256)
def _tone(frequency: float, seconds: float, brightness: float, *, attack: float = 0.005, decay: float) -> Float64Array:
    """Return a harmonic tone that rises, then decays; the array is cached and must not be modified."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    slope = 2.5 - 1.7 * brightness
    phase = 2 * np.pi * frequency * time
    twice_cosine = 2 * np.cos(phase)
    below, wave = np.zeros_like(time), np.sin(phase)
    sound = wave.copy()
    for partial in range(2, 3 + round(13 * brightness)):
        if partial * frequency < HIGHEST_PARTIAL:
            below, wave = wave, twice_cosine * wave - below  # sin(nx) from its two predecessors (Chebyshev recurrence)
            sound += wave / partial**slope
    release = np.minimum(1, (seconds - time) / 0.02)  # 20 ms: ends without a click
    return np.asarray(sound * np.minimum(1, time / attack) * np.exp(-time / decay) * release)


@lru_cache(maxsize=3)
def _drum(name: str) -> Float64Array:
    time = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(len(name)).normal(0, 0.5, time.size)
    if name == "kick":
        return np.asarray(np.sin(2 * np.pi * (50 * time - 4 * np.exp(-time / 0.03))) * np.exp(-time / 0.08))
    if name == "snare":
        return np.asarray((noise + 0.4 * np.sin(2 * np.pi * 190 * time)) * np.exp(-time / 0.05))
    return np.asarray(np.diff(noise, prepend=0.0) * np.exp(-time / 0.015))


def _library() -> Iterator[tuple[Piece, str, int]]:
    """Yield each piece with its file suffix and its track number."""
    moods = (
        (_STILL_WATER, ".flac", ("Low Tide", "Lamplight", "First Snow", "Harbour at Dusk", "Long Way Down"), 4.0),
        (_OPEN_WINDOWS, ".flac", ("Ice Cream Van", "Sunday Bicycle", "Kite", "Postcards", "Two Left Shoes"), 4.0),
        (_NIGHT_SHIFT, ".flac", ("Overpass", "Red Line", "Furnace", "Escalator"), 6.0),
        (_PAPER_BOATS, ".ogg", ("Carousel", "Letter Home", "Orchard", "Old Piano"), 3.0),
    )
    for mood, suffix, titles, tempo_step in moods:
        for index, title in enumerate(titles):
            rotated = mood.progression[index % 2 :] + mood.progression[: index % 2]
            yield (
                replace(
                    mood,
                    title=title,
                    tempo=mood.tempo + index * tempo_step,
                    tonic=mood.tonic + (0, 5, 2, 7, 3)[index],
                    progression=mood.progression if index < 3 else rotated,  # noqa: PLR2004  from the fourth on
                    seconds=mood.seconds + 2 * index,
                    seed=index,
                ),
                suffix,
                index + 1,
            )


_STILL_WATER = Piece(
    "", "Still Water", tempo=60, tonic=45, minor=True, progression=(0, 3, 4, 0), sustain=1.0, brightness=0.1, level=-22
)
_OPEN_WINDOWS = Piece(
    "", "Open Windows", tempo=112, tonic=48, minor=False, sustain=0.2, brightness=0.8, percussion=0.4, level=-15
)
_NIGHT_SHIFT = Piece(
    "",
    "Night Shift",
    tempo=132,
    tonic=40,
    minor=True,
    progression=(0, 0, 3, 4),
    sustain=0.4,
    brightness=1.0,
    percussion=1.0,
    level=-11,
)
_PAPER_BOATS = Piece(
    "", "Paper Boats", tempo=84, tonic=48, minor=False, progression=(0, 3, 4, 0), metre=3, sustain=0.4, brightness=0.3
)
