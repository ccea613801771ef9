"""An encoder of any dimension is evaluated beside the shipped one, by the same measures."""

import numpy as np
import soundfile

from models.corpus.corpus import CorpusTrack
from models.encoders.vibe import SHIPPED_SOURCE
from models.evaluation.other_encoder import evaluate_encoder
from models.evaluation.representations import SHIPPED

RATE = 16_000


def test_the_shipped_encoder_agrees_with_itself(tmp_path):
    """Evaluated as another one, the shipped encoder has the same figures and neighbours."""
    tracks = []
    for number in range(12):
        path = tmp_path / f"{number}.wav"
        tone = np.sin(2 * np.pi * 110 * 1.3**number * np.arange(30 * RATE) / RATE)
        noise = np.random.default_rng(number).normal(size=tone.size)
        soundfile.write(path, 0.3 * tone + 0.01 * (1 + number) * noise, RATE)
        tracks.append(CorpusTrack(f"package-{number // 4}", path, path.stem, "author", "licence", 30.0))
    lines = []
    encoder = SHIPPED_SOURCE.load()
    found = evaluate_encoder(encoder, tracks, tmp_path / "cache", lines.append)
    _, shipped, other = found.retrieval.rows

    assert (shipped.name, other.name) == (SHIPPED, f"{encoder.version}, 128-d")
    assert shipped.same_track_r1 == other.same_track_r1
    assert found.common == 1
    assert len(lines) == len(tracks)
    assert "Encoding a track: " in str(found)
