"""Composed pieces, rendered: more varied music for training than recordings under a free licence offer.

`python -m models.corpus.scores.scores` composes pieces of every genre and plays each with two soundfonts at two tempi,
some of them with speech over the music. The audio comes to `CACHE/scores/SOUNDFONT/NAME.flac`, its credits to
`CACHE/scores/CREDITS.csv`. What exists is kept, so an interrupted run resumes.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.corpus import speech
from models.corpus.corpus import DEFAULT_CACHE
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.score import Score, midi
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, Soundfont, fetch, play

PIECES_PER_GENRE = 3

_FIELDS = ("package", "file", "title", "author", "licence", "seconds")
_COMPOSER, _COMPOSITION_LICENCE = "Segue (composed by program)", "Apache-2.0"
_SLOWER, _FASTER = 0.87, 1.15
_MIDDLE_SECONDS = 75.0  # longer pieces have a faster variant and shorter ones a slower: all stay near this
_HIGHEST_PEAK = 0.98
_SILENCE = 10 ** (-50 / 20)  # RMS of −50 dB
_TAIL_SECONDS = 4.0  # after the last note; some instruments of some soundfonts would ring for a quarter of a minute
_FADE_SECONDS = 2.0
_SPOKEN_EVERY = 6  # pieces: one of so many has a version with speech
_SPEECH_LEVELS = (-9.0, -3.0, 3.0, 9.0)  # dB of speech over music: from a voice behind it to a narrator

Progress = Callable[[str, int, int], None]


class ScoreError(RuntimeError):
    """A rendering is not what was planned; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """One score with one soundfont.

    Attributes:
        score: At the tempo it is played.
        soundfont: What it is played with.
        speech_level: dB of speech over the music; None is without.
        seed: Decides what is said, by which voice.
    """

    score: Score
    soundfont: Soundfont
    speech_level: float | None
    seed: int

    @property
    def file(self) -> Path:
        """Below the folder of all renderings."""
        name = f"{self.score.title}-{self.score.tempo:.0f}.flac"
        return Path(self.soundfont.name if self.speech_level is None else "speech", name)


def planned(genres: tuple[Genre, ...] = GENRES, pieces: int = PIECES_PER_GENRE) -> Iterator[Rendering]:
    """Everything that is to be rendered; all genres' first pieces come first.

    Args:
        genres: Templates.
        pieces: How many of each.
    """
    for number in range(pieces):
        for index, genre in enumerate(genres):
            seed = number * len(genres) + index
            score = compose(genre, number)
            factor = _FASTER if score.seconds > _MIDDLE_SECONDS else _SLOWER
            other = replace(score, tempo=score.tempo * factor)
            # Genres come in turns of four, each turn one soundfont on; the second is one to three after the first.
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
    """Render what the cache lacks, and write the credits.

    Args:
        cache_dir: The audio comes to `scores` below, the soundfonts to `soundfonts`.
        on_progress: Called with (file, finished, total) before each rendering and once at the end.
        plan: What to render; all of `planned()` where it is not given.

    Returns:
        The planned FLAC files: stereo, 32 kHz, 16 bits.

    Raises:
        ScoreError: a rendering is silent or shorter than planned.
        models.corpus.soundfonts.SoundfontError: FluidSynth is missing or fails.
        models.corpus.speech.SpeechError: eSpeak NG is missing or fails.
        models.corpus.debian.PackageError: apt cannot fetch a soundfont.
    """
    plan = list(planned()) if plan is None else plan
    root = cache_dir / "scores"
    for done, rendering in enumerate(plan):
        on_progress(rendering.file.as_posix(), done, len(plan))
        if not (root / rendering.file).exists():
            _write(root / rendering.file, _audio(rendering, cache_dir))
    on_progress("", len(plan), len(plan))
    _write_credits(root, plan)
    return sorted(root / rendering.file for rendering in plan)


def rendered(cache_dir: Path = DEFAULT_CACHE) -> list[Path]:
    """All finished renderings, by path.

    Args:
        cache_dir: As for `render`.
    """
    return sorted((cache_dir / "scores").glob("*/*.flac"))


def _audio(rendering: Rendering, cache_dir: Path) -> NDArray[np.float32]:
    """Samples within ±0.98, shape (samples, 2)."""
    music = _checked(rendering, play(midi(rendering.score), fetch(rendering.soundfont, cache_dir)))
    if rendering.speech_level is not None:
        spoken = speech.narrate(len(music), SAMPLE_RATE, rendering.seed)
        gain = _rms(music) / _rms(spoken) * 10 ** (rendering.speech_level / 20)
        music = music + (gain * spoken)[:, None]
    peak = float(np.abs(music).max())
    return (music * min(1.0, _HIGHEST_PEAK / peak)).astype(np.float32)


def _checked(rendering: Rendering, music: NDArray[np.float32]) -> NDArray[np.float32]:
    """What FluidSynth played, as long as planned, its tail faded."""
    seconds = rendering.score.seconds
    if len(music) < seconds * SAMPLE_RATE:
        raise ScoreError(f"{rendering.file}: {len(music) / SAMPLE_RATE:.1f} s instead of {seconds:.1f} s")
    if _rms(music) < _SILENCE:
        raise ScoreError(f"{rendering.file}: silent; does {rendering.soundfont.name} have its programs?")
    return _faded(_mono_compatible(music)[: round((seconds + _TAIL_SECONDS) * SAMPLE_RATE)])


def _mono_compatible(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Some soundfonts' stereo programs are out of phase and would vanish from a mono mix: then left is heard twice."""
    left, right = samples[:, 0], samples[:, 1]
    return np.stack((left, left), axis=1) if _rms(left - right) > _rms(left + right) else samples


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    ramp = np.linspace(1.0, 0.0, round(_FADE_SECONDS * SAMPLE_RATE), dtype=np.float32)[:, None]
    return np.concatenate((samples[: -len(ramp)], samples[-len(ramp) :] * ramp))


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _write(target: Path, samples: NDArray[np.float32]) -> None:
    """A finished file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    soundfile.write(partial, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    partial.rename(target)


def _write_credits(root: Path, plan: Sequence[Rendering]) -> None:
    with (root / "CREDITS.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_FIELDS)
        for rendering in plan:
            soundfont = rendering.soundfont
            author = f"{_COMPOSER}; soundfont: {soundfont.author}"
            licence = f"{_COMPOSITION_LICENCE}; soundfont: {soundfont.licence}"
            seconds = soundfile.info(root / rendering.file).duration
            file = f"scores/{rendering.file.as_posix()}"
            writer.writerow([soundfont.package, file, rendering.score.title, author, licence, f"{seconds:.1f}"])


def main() -> None:
    """Render everything and print what came."""
    parser = argparse.ArgumentParser(prog="python -m models.corpus.scores.scores", description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    parser.add_argument("--pieces", type=int, default=PIECES_PER_GENRE, help="of each genre; default: %(default)s")
    arguments = parser.parse_args()
    files = render(arguments.cache, _print_progress, list(planned(pieces=arguments.pieces)))
    hours = sum(soundfile.info(file).duration for file in files) / 3600
    sys.stdout.write(f"{len(files)} renderings, {hours:.2f} h; credits in {arguments.cache / 'scores/CREDITS.csv'}\n")


def _print_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"{done}/{total} {name}\n")


if __name__ == "__main__":
    main()
