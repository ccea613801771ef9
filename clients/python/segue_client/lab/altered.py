"""Whether an altered clip of a track still finds the track."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.signal import butter, resample_poly, sosfilt

from segue_client import Segue
from segue_client.lab.sound import Samples, mp3, read, wav

SECONDS = 20.0
LIMIT = 50
"""A track that is not among so many found ones has no rank."""

NOISE_DB = -6.0
TELEPHONE_HZ = (300.0, 3400.0)
SHORT_SECONDS = 6.0
FASTER = (100, 112)
"""12 % faster, and two semitones higher."""

Alteration = Callable[[Samples, int], bytes]


def _noisy(sound: Samples, rate: int) -> bytes:
    level = float(np.sqrt(np.mean(sound**2))) * 10 ** (NOISE_DB / 20)
    noise = np.random.default_rng(0).normal(0, level, sound.shape)
    return wav((sound + noise).astype(np.float32), rate)


def _telephone(sound: Samples, rate: int) -> bytes:
    band = butter(4, TELEPHONE_HZ, "bandpass", fs=rate, output="sos")
    return wav(sosfilt(band, sound, axis=0).astype(np.float32), rate)


ALTERATIONS: dict[str, Alteration] = {
    "20 s from the middle": wav,
    "6 s of these": lambda sound, rate: wav(sound[: int(SHORT_SECONDS * rate)], rate),
    "MP3, 64 kbit/s": mp3,
    "noise, 6 dB below": _noisy,
    "telephone, 300–3,400 Hz": _telephone,
    "12 % faster and higher": lambda sound, rate: wav(resample_poly(sound, *FASTER, axis=0).astype(np.float32), rate),
}


def robustness(client: Segue, ids: Sequence[str]) -> pd.DataFrame:
    """Return the rank of each track, from 1, in the answer to an altered clip of it; NaN if it is not found.

    A row a track, a column an alteration. Tracks whose file cannot be read here are left out.
    """
    rows = {}
    for track_id in ids:
        found = read(client, track_id, SECONDS)
        if found is not None:
            rows[track_id] = {name: _rank(client, track_id, alter(*found)) for name, alter in ALTERATIONS.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(ALTERATIONS), dtype=float)


def _rank(client: Segue, track_id: str, clip: bytes) -> float:
    found = [track.id for track in client.search_audio(("clip.wav", clip), limit=LIMIT).tracks]
    return found.index(track_id) + 1 if track_id in found else np.nan
