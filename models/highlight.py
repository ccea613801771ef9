"""Find the part of a track that is most typical of it."""

import numpy as np

from models.audio.decode import Windows
from models.audio.waveform import SILENCE_RMS
from models.encoder import Encoding

HIGHLIGHT_SECONDS = 30.0
PAUSE_SECONDS = 1.0  # shorter silences are rests of the music


def highlight(encoding: Encoding, windows: Windows) -> float:
    """Return where the 30 s begin that are most typical of a track.

    A candidate is centred on each window. Its score is the mean cosine similarity of the windows that it covers to the
    embedding, each weighted by the covered time. If the best window is silent at its start, the 30 s begin where its
    sound does, so that a preview does not begin with silence.

    Args:
        encoding: The encoding of the windows.
        windows: The windows of the track.

    Returns:
        Seconds, 0 to the duration − 30; 0 for a track of 30 s or less.
    """
    last = windows.duration - HIGHLIGHT_SECONDS
    if last <= 0:
        return 0.0
    seconds = windows.samples.shape[1] / windows.sample_rate
    starts = np.array(windows.starts)
    begins = np.clip(starts + (seconds - HIGHLIGHT_SECONDS) / 2, 0.0, last)[:, None]  # (n, 1)
    covered = np.minimum(begins + HIGHLIGHT_SECONDS, starts + seconds) - np.maximum(begins, starts)  # (n, n)
    covered = np.maximum(covered, 0.0)
    scores = covered @ (encoding.windows @ encoding.embedding) / covered.sum(1)
    best = int(scores.argmax())
    power = windows.power[best]
    silence = float((power > SILENCE_RMS**2).argmax()) * seconds / len(power)
    if silence >= PAUSE_SECONDS:
        return float(min(starts[best] + silence, last))
    return float(begins[best, 0])
