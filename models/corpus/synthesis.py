"""Small pieces of music made from arithmetic: free to use, and known in tempo, key and mood.

They stand in for a library where none is at hand, and tests measure the descriptors on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

SAMPLE_RATE = 44_100
ARTIST = "Segue"
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)
HIGHEST_PARTIAL = 12_000.0  # Hz: above it partials add hiss, not timbre
FADE_SECONDS = 1.5
DETUNE_CENTS = 4.0  # between left and right: what makes a pad sound wide


@dataclass(frozen=True)
class Piece:
    """A piece by what it should feel like.

    Attributes:
        title: Also the name of its file.
        album: Pieces of one mood.
        tempo: Beats a minute.
        tonic: MIDI note of the tonic in the bass, 36…59; 48 is a C.
        minor: Minor instead of major.
        progression: Degrees of the scale that carry the chords, a bar each; 0 is the tonic's.
        metre: Beats in a bar.
        sustain: From 0, plucked notes only, to 1, held chords only.
        brightness: From 0, hardly any overtones, to 1, many.
        percussion: From 0, none, to 1, drums in front of everything.
        level: RMS in dB relative to full scale.
        seconds: Length.
        seed: Decides the melody.
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


def render(piece: Piece) -> NDArray[np.float32]:
    """Play a piece; the same piece always gives the same samples.

    Args:
        piece: What to play.

    Returns:
        Stereo `(n_frames, 2)` at 44 100 Hz, within ±1.
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
    limited: NDArray[np.float32] = np.tanh(mix * gain).astype(np.float32)  # what would clip is rounded off
    return limited


def write(piece: Piece, path: Path) -> None:
    """Render a piece into a tagged file; its suffix decides the format.

    Args:
        piece: What to play.
        path: Ends in .ogg, .flac, .mp3 or .wav; written under another name first, so never half there.
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
    """Write eighteen pieces in four moods, an album each; those already there are kept.

    Args:
        folder: Created if it is missing.

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


def _play_chord(mix: NDArray[np.float64], piece: Piece, degree: int, start: float) -> None:
    """A bass note, and the triad held for the bar as far as the piece is sustained."""
    bar = piece.metre * 60 / piece.tempo
    _add(mix, start, 0.6 * _tone(_pitch(piece, degree), bar, piece.brightness * 0.5, decay=bar))
    for step in (0, 2, 4):
        for side, cents in enumerate((-DETUNE_CENTS, DETUNE_CENTS)):
            pitch = _pitch(piece, degree + step + 7) * 2 ** (cents / 1200)
            pad = _tone(pitch, bar * 1.1, piece.brightness, attack=0.15 * bar, decay=4 * bar)
            _add(mix[:, side : side + 1], start, 0.5 * piece.sustain * pad)


def _play_melody(
    mix: NDArray[np.float64], piece: Piece, degree: int, start: float, melody: np.random.Generator
) -> None:
    """Plucked chord notes, two a beat where the piece is lively and one where it is calm."""
    per_beat = 2 if piece.sustain < 0.5 else 1  # noqa: PLR2004  half pads, half plucks
    beat = 60 / piece.tempo
    for index in range(piece.metre * per_beat):
        step = int(melody.choice((0, 2, 4, 7)))
        stress = 1.0 if index == 0 else 0.7
        note = _tone(_pitch(piece, degree + step + 14), 2 * beat, piece.brightness, decay=0.6 * beat)
        loudness = stress * (1 - 0.8 * piece.sustain)
        _add(mix, start + index * beat / per_beat, loudness * note * (0.6, 0.4)[index % 2])


def _play_drums(mix: NDArray[np.float64], piece: Piece, start: float) -> None:
    beat = 60 / piece.tempo
    for index in range(piece.metre):
        drum = "kick" if index % 2 == 0 else "snare"
        _add(mix, start + index * beat, 1.6 * piece.percussion * _drum(drum))
        for half in (0.0, 0.5):
            _add(mix, start + (index + half) * beat, 0.5 * piece.percussion * _drum("hat"))


def _pitch(piece: Piece, degree: int) -> float:
    """Frequency in Hz of a degree of the piece's scale, counted up from the tonic in the bass."""
    octave, step = divmod(degree, 7)
    scale = MINOR_SCALE if piece.minor else MAJOR_SCALE
    return float(440 * 2 ** ((piece.tonic + 12 * octave + scale[step] - 69) / 12))


def _add(mix: NDArray[np.float64], start: float, sound: NDArray[np.float64]) -> None:
    at = round(start * SAMPLE_RATE)
    length = max(0, min(len(sound), len(mix) - at))
    mix[at : at + length] += sound[:length, None]


@lru_cache(maxsize=256)
def _tone(
    frequency: float, seconds: float, brightness: float, *, attack: float = 0.005, decay: float
) -> NDArray[np.float64]:
    """A harmonic tone that rises, then decays; never changed by its users."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    slope = 2.5 - 1.7 * brightness
    phase = 2 * np.pi * frequency * time
    twice_cosine = 2 * np.cos(phase)
    below, wave = np.zeros_like(time), np.sin(phase)
    sound = wave.copy()
    for partial in range(2, 3 + round(13 * brightness)):
        if partial * frequency < HIGHEST_PARTIAL:
            below, wave = wave, twice_cosine * wave - below  # sin(nx) from its two predecessors, without a sine
            sound += wave / partial**slope
    release = np.minimum(1, (seconds - time) / 0.02)  # 20 ms: ends without a click
    return np.asarray(sound * np.minimum(1, time / attack) * np.exp(-time / decay) * release)


@lru_cache(maxsize=3)
def _drum(name: str) -> NDArray[np.float64]:
    time = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(len(name)).normal(0, 0.5, time.size)
    if name == "kick":
        return np.asarray(np.sin(2 * np.pi * (50 * time - 4 * np.exp(-time / 0.03))) * np.exp(-time / 0.08))
    if name == "snare":
        return np.asarray((noise + 0.4 * np.sin(2 * np.pi * 190 * time)) * np.exp(-time / 0.05))
    return np.asarray(np.diff(noise, prepend=0.0) * np.exp(-time / 0.015))


def _library() -> Iterator[tuple[Piece, str, int]]:
    """Each piece with its suffix and its number on the album."""
    moods = (
        (_STILL_WATER, ".flac", ("Low Tide", "Lamplight", "First Snow", "Harbour at Dusk", "Long Way Down"), 4.0),
        (_OPEN_WINDOWS, ".flac", ("Ice Cream Van", "Sunday Bicycle", "Kite", "Postcards", "Two Left Shoes"), 4.0),
        (_NIGHT_SHIFT, ".flac", ("Overpass", "Red Line", "Furnace", "Escalator"), 6.0),
        (_PAPER_BOATS, ".ogg", ("Carousel", "Letter Home", "Orchard", "Old Piano"), 3.0),
    )
    for mood, suffix, titles, tempo_step in moods:
        for index, title in enumerate(titles):
            turned = mood.progression[index % 2 :] + mood.progression[: index % 2]
            yield (
                replace(
                    mood,
                    title=title,
                    tempo=mood.tempo + index * tempo_step,
                    tonic=mood.tonic + (0, 5, 2, 7, 3)[index],
                    progression=mood.progression if index < 3 else turned,  # noqa: PLR2004  the last ones differ
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
