"""Pieces of known tempo, key and time signature.

Scores of every genre, composed as for training and rendered with soundfonts, and synthesised pieces, which need no
soundfont. They have 55 to 190 BPM, all 24 keys, 3/4 and 4/4, with and without drums.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from models.corpus import synthesis
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.rendering import Rendering, audio
from models.corpus.scores.score import Score
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, Soundfont
from models.evaluation.relations import TempoAndKey

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
