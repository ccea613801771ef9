"""The filter "no vocals" on synthesised voices: speech over music must lower its instrumentalness.

Hardly any validation track has vocals, so eSpeak NG speaks over the music. Speech is not singing, so this shows that
the filter reacts to a voice, not that it finds every singer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Float32Array
from models.attributes import instrumentalness
from models.audio.decode import SAMPLE_RATE
from models.corpus import speech
from models.corpus.corpus import CorpusTrack
from models.evaluation.encoders import ShippedEncoder
from models.evaluation.representations import DecodedTrack, cache_key
from models.evaluation.words.lists import NoVocals
from models.evaluation.words.searches import Share


@dataclass(frozen=True, slots=True)
class Voices:
    """Results on synthesised voices.

    Attributes:
        lowered: Share of tracks whose instrumentalness the speech lowers.
        excluded: Share of the copies with speech that the filter excludes, 0…1.
        kept: Share of the tracks without speech that the filter keeps, 0…1.
    """

    lowered: Share
    excluded: float
    kept: float


def measure_voices(tracks: Sequence[CorpusTrack], shipped: ShippedEncoder, rules: NoVocals) -> Voices:
    """Speak over some of the tracks, and compare their instrumentalness.

    Args:
        tracks: Validation tracks.
        shipped: The shipped encoder.
        rules: Which tracks, and the level of the speech.

    Raises:
        models.corpus.speech.SpeechError: eSpeak NG is missing or fails.
    """
    with_voice, without = {}, {}
    for number, track in enumerate(tracks[:: rules.every]):
        decoded = DecodedTrack(track)
        name = f"{track.package}/{track.title}"
        without[name] = instrumentalness(shipped.tags(cache_key("whole", track), lambda: decoded.windows.samples))  # noqa: B023  called at once
        spoken = shipped.tags(
            cache_key(f"speech {rules.level:+g} dB", track), _spoken(decoded, rules, rules.seed + number)
        )
        with_voice[name] = instrumentalness(spoken)
    return Voices(
        lowered=Share.of("no vocals", {name: with_voice[name] < value for name, value in without.items()}),
        excluded=float(np.mean([value < rules.threshold for value in with_voice.values()])),
        kept=float(np.mean([value >= rules.threshold for value in without.values()])),
    )


def _spoken(decoded: DecodedTrack, rules: NoVocals, seed: int) -> Callable[[], Float32Array]:
    """Return a function that returns the windows (n_windows, n_samples) with speech over them."""

    def mixed() -> Float32Array:
        music = decoded.windows.samples
        voice = speech.narrate(music.size, SAMPLE_RATE, seed).reshape(music.shape)
        gain = _rms(music) / _rms(voice) * 10 ** (rules.level / 20)
        return (music + gain * voice).astype(np.float32)

    return mixed


def _rms(samples: Float32Array) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
