"""Pieces of known tempo, key and time signature, and scores of measured against known values.

Scores of every genre, composed as for training and rendered with soundfonts, and synthesised pieces, which need no
soundfont. They have 55 to 190 BPM, all 24 keys, 3/4 and 4/4, with and without drums.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.corpus import synthesis
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.rendering import Rendering, audio
from models.corpus.scores.score import Score
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, Soundfont

TEMPO_TOLERANCE = 0.04
TEMPO_RATIOS = {
    "equal": (1.0,),
    "octave": (2.0, 1 / 2),
    "a third of or three times": (3.0, 1 / 3),
    "2:3 or 3:2": (3 / 2, 2 / 3),
    "3:4 or 4:3": (3 / 4, 4 / 3),
}
AGREEING = ("equal", "octave", "relative")
# As in MIREX's audio key detection, except that a fifth counts in both directions.
KEY_WEIGHTS = {"equal": 1.0, "a fifth apart": 0.5, "relative": 0.3, "parallel": 0.2}

_SEMITONES = 12
_RELATIVE = 9  # semitones from a major key's tonic up to its relative minor's
_FIFTHS = (5, 7)


@dataclass(frozen=True, slots=True)
class TempoAndKey:
    """Tempo, key and time signature of a piece, known or measured.

    Attributes:
        tempo: Beats per minute, > 0; None if none was found.
        key: Pitch class of the tonic, 0 = C … 11 = B; -1 if none was found.
        mode: 1 major, 0 minor.
        beats: Beats per bar, 3 or 4; None if not measured.
    """

    tempo: float | None
    key: int
    mode: int
    beats: int | None = None


def tempo_relation(tempo: float | None, other: float | None) -> str:
    """Return the simple ratio of two tempi in BPM within 4 %: "equal", "octave" … or "other"."""
    if tempo is None or other is None:
        return "equal" if tempo is other else "none heard"
    for name, ratios in TEMPO_RATIOS.items():
        if any(abs(tempo / (ratio * other) - 1) <= TEMPO_TOLERANCE for ratio in ratios):
            return name
    return "other"


def key_relation(key: int, mode: int, other_key: int, other_mode: int) -> str:
    """Return the relation of two keys: "equal", "relative" … or "other"."""
    if -1 in (key, other_key):
        return "equal" if key == other_key else "none heard"
    if mode == other_mode:
        distance = (key - other_key) % _SEMITONES
        return "equal" if distance == 0 else "a fifth apart" if distance in _FIFTHS else "other"
    major, minor = (key, other_key) if mode else (other_key, key)
    return {_RELATIVE: "relative", 0: "parallel"}.get((minor - major) % _SEMITONES, "other")


def scores(found: Sequence[TempoAndKey], others: Sequence[TempoAndKey]) -> dict[str, NDArray[np.float64]]:
    """Score the results of n pieces against other values, such as their known tempo and key.

    Args:
        found: Result of each piece.
        others: The other values of each piece.

    Returns:
        Name of the score → (n,), 0…1.
    """
    pairs = list(zip(found, others, strict=True))
    tempo = [tempo_relation(result.tempo, other.tempo) for result, other in pairs]
    key = [key_relation(result.key, result.mode, other.key, other.mode) for result, other in pairs]
    return {
        "tempo": np.array([float(relation == "equal") for relation in tempo]),
        "tempo or an octave": np.array([float(relation in AGREEING) for relation in tempo]),
        "key": np.array([float(relation == "equal") for relation in key]),
        "key or its relative": np.array([float(relation in AGREEING) for relation in key]),
        "key, MIREX-weighted": np.array([KEY_WEIGHTS.get(relation, 0.0) for relation in key]),
        "time signature": np.array([float(result.beats == other.beats) for result, other in pairs]),
    }


SCORES_PER_GENRE = 6
SYNTHESISED = 48  # each key twice: once with drums, once without
SLOWEST, FASTEST = 55, 190  # beats per minute

_KEYS = 24
_FIFTH = 7  # semitones: steps of a fifth reach all twelve tonics
_LOWEST_TONIC = 36  # MIDI: the C two octaves below middle C
_SOUNDFONTS = tuple(font for font in SOUNDFONTS if font.name in ("fluid", "timgm", "opl3"))  # small downloads
_MINOR_SCALES = ("minor", "harmonic minor")
_FEW_DRUMS, _MANY_DRUMS = 0.3, 0.9
_TEMPO_STEPS = 19  # coprime to 48, so that tempo varies independently of the key


@dataclass(frozen=True, slots=True)
class KnownPiece:
    """One piece.

    Attributes:
        name: Unique; also the name of its file.
        drums: Whether it has drums.
        truth: Known tempo, key and time signature.
        write: Writes the audio to a path; the suffix is `.flac`.
    """

    name: str
    drums: bool
    truth: TempoAndKey
    write: Callable[[Path], None]


def known_pieces(cache_dir: Path) -> list[KnownPiece]:
    """Return all pieces without rendering them; every call returns the same.

    Args:
        cache_dir: The corpus's cache, which has the soundfonts.
    """
    return [*_scores(cache_dir), *_synthesised()]


def audio_file(piece: KnownPiece, cache_dir: Path) -> Path:
    """Return a piece's audio file, and write it if it is not in the cache.

    Args:
        piece: One of `known_pieces`.
        cache_dir: The corpus's cache; audio is written to its folder `known-pieces`.

    Returns:
        A FLAC file.

    Raises:
        models.corpus.scores.rendering.ScoreError: A rendering is silent or shorter than planned.
        models.corpus.soundfonts.SoundfontError: FluidSynth is missing or fails.
        models.corpus.debian.PackageError: apt cannot fetch a soundfont.
    """
    file = cache_dir / "known-pieces" / f"{piece.name}.flac"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        piece.write(file)
    return file


def _key(index: int) -> tuple[int, int]:
    """Return tonic and mode of one of 24 keys, which repeat."""
    return index * _FIFTH % 12, 1 - index // 12 % 2


def _scores(cache_dir: Path) -> Iterator[KnownPiece]:
    for number in range(SCORES_PER_GENRE):
        for position, genre in enumerate(GENRES):
            index = number * len(GENRES) + position
            key, mode = _key(index)
            template = _only(genre, number, mode)
            soundfont = _SOUNDFONTS[index % len(_SOUNDFONTS)]
            yield KnownPiece(
                name=f"score-{genre.name}-{number}",
                drums=bool(genre.drums),
                truth=TempoAndKey(template.tempo[0], key, mode, template.metres[0][0]),
                write=partial(_write_score, partial(compose, template, number, tonic=key), soundfont, cache_dir),
            )


def _only(genre: Genre, number: int, mode: int) -> Genre:
    """Return a genre with one tempo (the n-th of six over its range), one scale and one metre."""
    slowest, fastest = max(SLOWEST, genre.tempo[0]), min(FASTEST, genre.tempo[1])
    tempo = round(slowest + (fastest - slowest) * number / (SCORES_PER_GENRE - 1))
    metres = [metre for metre in ((4, 4), (3, 4)) if metre in genre.metres]
    scale = "major" if mode else _MINOR_SCALES[number % len(_MINOR_SCALES)]
    return replace(genre, tempo=(tempo, tempo), modes=(scale,), metres=(metres[number % len(metres)],))


def _write_score(composed: Callable[[], Score], soundfont: Soundfont, cache_dir: Path, file: Path) -> None:
    samples = audio(Rendering(composed(), soundfont, speech_level=None, seed=0), cache_dir)
    partial_file = file.with_suffix(".partial")
    soundfile.write(partial_file, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    partial_file.rename(file)


def _synthesised() -> Iterator[KnownPiece]:
    tempi = np.linspace(SLOWEST, FASTEST, SYNTHESISED)
    for index in range(SYNTHESISED):
        key, mode = _key(index)
        drums = index >= _KEYS
        random = np.random.default_rng(index)
        piece = synthesis.Piece(
            title=f"synthesised-{index:02d}",
            album="Known pieces",
            tempo=float(tempi[index * _TEMPO_STEPS % SYNTHESISED]),
            tonic=_LOWEST_TONIC + key + 12 * (index % 2),
            minor=not mode,
            progression=((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4))[index % 3],
            metre=3 if index % 4 == 1 else 4,
            sustain=float(random.uniform(0, 0.9)),
            brightness=float(random.uniform(0.2, 1)),
            percussion=float(random.uniform(_FEW_DRUMS, _MANY_DRUMS)) if drums else 0.0,
            seconds=72.0,
            seed=index,
        )
        yield KnownPiece(
            name=piece.title,
            drums=drums,
            truth=TempoAndKey(piece.tempo, key, mode, piece.metre),
            write=partial(synthesis.write, piece),
        )
