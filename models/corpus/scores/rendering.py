"""Rendering of composed pieces to audio: training music that is more varied than the free recordings.

`python -m models.corpus.scores.rendering` composes pieces of every genre and renders each with two soundfonts at two
tempi, and some a third time with speech over the music. Audio is written to `CACHE/scores/SOUNDFONT/NAME.flac` (with
speech to `CACHE/scores/speech`), credits to `CACHE/scores/CREDITS.csv`. Existing files are kept, so an interrupted run
resumes.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from models.arrays import Float32Array
from models.corpus import speech
from models.corpus.corpus import CREDIT_FIELDS, DEFAULT_CACHE, Progress, write_rows
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.score import Score, midi
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, Soundfont, fetch, play

PIECES_PER_GENRE = 3

_COMPOSER, _COMPOSITION_LICENCE = "Segue (composed by program)", "Apache-2.0"
_SLOWER, _FASTER = 0.87, 1.15
_MIDDLE_SECONDS = 75.0  # longer pieces get a faster second tempo and shorter ones a slower, so that all stay near it
_HIGHEST_PEAK = 0.98
_SILENCE = 10 ** (-50 / 20)  # RMS of −50 dB
_TAIL_SECONDS = 4.0  # after the last note; some instruments ring for 15 s
_FADE_SECONDS = 2.0
_SPOKEN_EVERY = 6  # every sixth piece has a version with speech
_SPEECH_LEVELS = (-9.0, -3.0, 3.0, 9.0)  # dB of speech relative to the music


class ScoreError(RuntimeError):
    """A rendering is silent or too short; the message names it."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One score with one soundfont.

    Attributes:
        score: The score at its tempo.
        soundfont: Soundfont of the instruments.
        speech_level: dB of speech relative to the music; None for no speech.
        seed: Seed of the speech.
    """

    score: Score
    soundfont: Soundfont
    speech_level: float | None
    seed: int

    @property
    def file(self) -> Path:
        """Path relative to the folder of all renderings."""
        name = f"{self.score.title}-{self.score.tempo:.0f}.flac"
        return Path(self.soundfont.name if self.speech_level is None else "speech", name)


def planned(genres: tuple[Genre, ...] = GENRES, pieces: int = PIECES_PER_GENRE) -> Iterator[Rendering]:
    """Yield all renderings of a corpus; the first pieces of all genres come first.

    Args:
        genres: Templates.
        pieces: Number of pieces per genre.
    """
    for number in range(pieces):
        for index, genre in enumerate(genres):
            seed = number * len(genres) + index
            score = compose(genre, number)
            factor = _FASTER if score.seconds > _MIDDLE_SECONDS else _SLOWER
            other = replace(score, tempo=score.tempo * factor)
            # Each group of four genres starts with the next soundfont; the second one is one to three after the first.
            turn = seed // 4
            first = (seed + turn) % 4
            second = (first + 1 + turn % 3) % 4
            yield Rendering(score, SOUNDFONTS[first], None, seed)
            yield Rendering(other, SOUNDFONTS[second], None, seed)
            if seed % _SPOKEN_EVERY == 0:
                level = _SPEECH_LEVELS[seed // _SPOKEN_EVERY % len(_SPEECH_LEVELS)]
                yield Rendering(score, SOUNDFONTS[first], level, seed)


def render(
    cache_dir: Path = DEFAULT_CACHE,
    on_progress: Progress = lambda *_: None,
    plan: Sequence[Rendering] | None = None,
) -> list[Path]:
    """Render what is not in the cache, and write the credits.

    Args:
        cache_dir: The corpus's cache; audio is written to its folder `scores`, soundfonts to `soundfonts`.
        on_progress: Called with (file, finished, total) before each rendering and once at the end.
        plan: Renderings; `planned()` if not given.

    Returns:
        The FLAC files of the plan: stereo, 32 kHz, 16 bits.

    Raises:
        ScoreError: A rendering is silent or shorter than planned.
        models.corpus.soundfonts.SoundfontError: FluidSynth is missing or fails.
        models.corpus.speech.SpeechError: eSpeak NG is missing or fails.
        models.corpus.debian.PackageError: apt cannot fetch a soundfont.
    """
    plan = list(planned()) if plan is None else plan
    root = cache_dir / "scores"
    for done, rendering in enumerate(plan):
        on_progress(rendering.file.as_posix(), done, len(plan))
        if not (root / rendering.file).exists():
            _write(root / rendering.file, audio(rendering, cache_dir))
    on_progress("", len(plan), len(plan))
    _write_credits(root, plan)
    return sorted(root / rendering.file for rendering in plan)


def audio(rendering: Rendering, cache_dir: Path) -> Float32Array:
    """Play a rendering.

    Args:
        rendering: What to play.
        cache_dir: As for `render`.

    Returns:
        (n_samples, 2) within ±0.98 at 32 kHz.

    Raises:
        ScoreError: as for `render`, like the others.
    """
    music = _checked(rendering, play(midi(rendering.score), fetch(rendering.soundfont, cache_dir)))
    if rendering.speech_level is not None:
        spoken = speech.narrate(len(music), SAMPLE_RATE, rendering.seed)
        gain = _rms(music) / _rms(spoken) * 10 ** (rendering.speech_level / 20)
        music = music + (gain * spoken)[:, None]
    peak = float(np.abs(music).max())
    return (music * min(1.0, _HIGHEST_PEAK / peak)).astype(np.float32)


def _checked(rendering: Rendering, music: Float32Array) -> Float32Array:
    """Check level and duration of a rendering, cut it to the planned duration, and fade its end."""
    seconds = rendering.score.seconds
    if len(music) < seconds * SAMPLE_RATE:
        raise ScoreError(f"{rendering.file}: {len(music) / SAMPLE_RATE:.1f} s instead of {seconds:.1f} s")
    if _rms(music) < _SILENCE:
        raise ScoreError(f"{rendering.file}: silent; does {rendering.soundfont.name} have its programs?")
    return _faded(_mono_compatible(music)[: round((seconds + _TAIL_SECONDS) * SAMPLE_RATE)])


def _mono_compatible(samples: Float32Array) -> Float32Array:
    """Use the left channel twice if the channels are out of phase and would cancel in a mono mix."""
    left, right = samples[:, 0], samples[:, 1]
    return np.stack((left, left), axis=1) if _rms(left - right) > _rms(left + right) else samples


def _faded(samples: Float32Array) -> Float32Array:
    ramp = np.linspace(1.0, 0.0, round(_FADE_SECONDS * SAMPLE_RATE), dtype=np.float32)[:, None]
    return np.concatenate((samples[: -len(ramp)], samples[-len(ramp) :] * ramp))


def _rms(samples: Float32Array) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _write(target: Path, samples: Float32Array) -> None:
    """Write a FLAC file through a `.partial` file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    soundfile.write(partial, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    partial.rename(target)


def _write_credits(root: Path, plan: Sequence[Rendering]) -> None:
    write_rows(root / "CREDITS.csv", CREDIT_FIELDS, (_credit(root, rendering) for rendering in plan))


def _credit(root: Path, rendering: Rendering) -> tuple[str, ...]:
    soundfont = rendering.soundfont
    return (
        soundfont.package,
        f"scores/{rendering.file.as_posix()}",
        rendering.score.title,
        f"{_COMPOSER}; soundfont: {soundfont.author}",
        f"{_COMPOSITION_LICENCE}; soundfont: {soundfont.licence}",
        f"{soundfile.info(root / rendering.file).duration:.1f}",
    )


def main() -> None:
    """Render all planned pieces and print their number and total duration."""
    parser = argparse.ArgumentParser(prog="python -m models.corpus.scores.rendering", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument("--pieces", type=int, default=PIECES_PER_GENRE, help="pieces per genre; default: %(default)s")
    arguments = parser.parse_args()
    files = render(arguments.cache, _print_progress, list(planned(pieces=arguments.pieces)))
    hours = sum(soundfile.info(file).duration for file in files) / 3600
    sys.stdout.write(f"{len(files)} renderings, {hours:.2f} h; credits in {arguments.cache / 'scores/CREDITS.csv'}\n")


def _print_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"{done}/{total} {name}\n")


if __name__ == "__main__":
    main()
