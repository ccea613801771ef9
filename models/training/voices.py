"""Windows of speech, singing and music: what the speech head is fitted to, and measured on.

Speech: recordings of people (`models.corpus.spoken`), and eSpeak NG. Singing: a vocoder's, made from the same voices
(`models.corpus.singing`), solo and in unison. Music: the corpus of the encoder, and melodies of one synthesised
instrument (`models.corpus.melodies`). Voices, languages, melodies and soundtracks for evaluation are others than those
for training.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch

from models.arrays import Arrays, Float16Array, Float32Array, cached_arrays
from models.audio.decode import SAMPLE_RATE, read_windows
from models.audio.placement import WINDOW_SECONDS
from models.corpus import melodies, singing, speech, spoken
from models.corpus.corpus import CorpusTrack, fetch, packages
from models.encoder import VibeEncoder
from models.errors import AnalysisError

_SYNTHESISED = 40  # readings by eSpeak NG, each of 30 s
_SUNG = 60  # songs, each of 30 s
_MELODIES = 120  # each of 30 s
_CHOIR_EVERY, _CHOIR_VOICES = 3, 4
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Heard:
    """Windows of one voice or one piece of music.

    Attributes:
        name: Of the voice or of the piece.
        log_mel: (n, n_frames, n_mels) float16, windows of 10 s.
    """

    name: str
    log_mel: Float16Array


@dataclass(frozen=True, slots=True)
class Material:
    """What is heard, by kind.

    Attributes:
        recorded: Speech of people.
        synthesised: Speech of eSpeak NG.
        sung: Singing without instruments.
        melodies: Melodies of one synthesised instrument.
        music: Music; hardly any has vocals.
    """

    recorded: Sequence[Heard]
    synthesised: Sequence[Heard]
    sung: Sequence[Heard]
    melodies: Sequence[Heard]
    music: Sequence[Heard]


def collect(encoder: VibeEncoder, cache: Path, *, held_out: bool) -> Material:
    """Fetch, synthesise and decode voices and music; log-mels are kept in the folder `examples/voices` of the cache.

    Args:
        encoder: Its log-mel is computed.
        cache: The corpus's cache.
        held_out: Voices and soundtracks for evaluation, not those for training.

    Raises:
        models.corpus.speech.SpeechError: eSpeak NG is missing or fails.
        models.corpus.debian.PackageError: apt cannot fetch a package.
    """
    folder = cache / "examples" / "voices" / ("held-out" if held_out else "train")
    recorded = [(f"{v.package.name} {v.name}", _read(v.path)) for v in spoken.fetch(cache, held_out=held_out)]
    narrators = speech.HELD_OUT_VOICES if held_out else speech.VOICES

    def readings() -> Iterator[tuple[str, Float32Array]]:
        for seed in range(_SYNTHESISED):
            yield f"reading {seed:02d}", speech.narrate(_SECONDS * SAMPLE_RATE, SAMPLE_RATE, seed, narrators)

    def songs() -> Iterator[tuple[str, Float32Array]]:
        singers = [samples for _, samples in [*recorded, *readings()]]
        for seed in range(_SUNG):
            voices = _CHOIR_VOICES if seed % _CHOIR_EVERY == 0 else 1
            chosen = [singers[(seed + 7 * number) % len(singers)] for number in range(voices)]
            yield f"song {seed:02d}", sung_together(chosen, seed)

    def tunes() -> Iterator[tuple[str, Float32Array]]:
        for seed in range(_MELODIES):
            yield f"melody {seed:03d}", melodies.play(_SECONDS * SAMPLE_RATE, SAMPLE_RATE, seed + _MELODIES * held_out)

    music = fetch(packages("validation" if held_out else "train"), cache)
    return Material(
        recorded=_heard(encoder, folder / "recorded.npz", recorded),
        synthesised=_heard(encoder, folder / "synthesised.npz", readings()),
        sung=_heard(encoder, folder / "sung.npz", songs()),
        melodies=_heard(encoder, folder / "melodies.npz", tunes()),
        music=[piece for track in music if (piece := _piece(encoder, track, folder)) is not None],
    )


def sung_together(singers: Sequence[Float32Array], seed: int) -> Float32Array:
    """Return 30 s of the same melody sung by each voice: (n_samples,) float32 mono at 16 kHz."""
    parts = [singing.sing(samples, SAMPLE_RATE, seed, _SECONDS * SAMPLE_RATE) for samples in singers]
    together: Float32Array = np.mean(parts, axis=0, dtype=np.float32)
    return together


def _read(file: Path) -> Float32Array:
    samples: Float32Array = soundfile.read(file, dtype="float32")[0]
    return samples


def _heard(encoder: VibeEncoder, file: Path, sounds: Iterable[tuple[str, Float32Array]]) -> list[Heard]:
    def computed() -> Arrays:
        return {name: _log_mel(encoder, _windows(samples)) for name, samples in sounds if len(_windows(samples))}

    return [Heard(name, log_mel.astype(np.float16)) for name, log_mel in cached_arrays(file, computed).items()]


def _windows(samples: Float32Array) -> Float32Array:
    length = round(WINDOW_SECONDS * SAMPLE_RATE)
    return samples[: len(samples) // length * length].reshape(-1, length)


def _log_mel(encoder: VibeEncoder, windows: Float32Array) -> Float16Array:
    log_mel: Float16Array = encoder.log_mel(torch.from_numpy(windows)).half().numpy()
    return log_mel


def _piece(encoder: VibeEncoder, track: CorpusTrack, folder: Path) -> Heard | None:
    def computed() -> Arrays:
        try:
            windows = read_windows(track.path).samples
        except AnalysisError:
            return {"log_mel": np.zeros((0, 0, 0), dtype=np.float16)}
        return {"log_mel": _log_mel(encoder, windows)}

    log_mel = cached_arrays(track.cache_file(folder / "music", ".npz"), computed)["log_mel"].astype(np.float16)
    return Heard(f"{track.package}/{track.key}", log_mel) if len(log_mel) else None
