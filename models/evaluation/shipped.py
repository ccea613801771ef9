"""The shipped encoder, heard as `models.analysis` hears it, with what it said kept on disk.

Encodings are kept under the digest of the weights and of the code that hears, attributes are computed anew from kept
tags and descriptors: so nothing stale is ever judged, and a run after a change of formulas is quick.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

import models
from models import checkpoint
from models.attributes import attributes
from models.audio.decode import Windows
from models.descriptors.describe import Descriptors, describe
from models.encoder import Encoding, VibeEncoder
from models.evaluation.store import Arrays, kept

_DIGEST_LENGTH = 12
_HEARING = ("encoder.py", "network.py", "frontend.py", "decode.py", "waveform.py")  # what an encoding depends on

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the shipped encoder says of a track.

    Attributes:
        embedding: (128,) of length 1.
        tags: Name → 0…1.
        energy: 0…1.
        valence: 0…1.
    """

    embedding: FloatArray
    tags: dict[str, float]
    energy: float
    valence: float


class Shipped:
    """The encoder that `models.checkpoint.load` gives.

    Args:
        cache_dir: The corpus's cache; encodings and descriptors are kept in its directory `evaluation-shipped`.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.card = checkpoint.read_card()
        self.encoder: VibeEncoder = checkpoint.load()
        directory = cache_dir / "evaluation-shipped"
        sources = sorted(Path(models.__path__[0]).glob("*.py"))
        hearing = [file for file in sources if file.name in _HEARING]
        self._encodings = directory / f"encodings-{_digest(hearing, self.card.sha256)}"
        self._guesses = directory / f"guesses-{_digest(hearing, self.card.sha256)}"
        self._descriptors = directory / f"descriptors-{_digest(sources)}"

    def embed(self, key: Path, samples: Callable[[], npt.NDArray[np.float32]]) -> FloatArray:
        """The embedding (128,) of windows (n_windows, n_samples) at 16 kHz; `key` names them, without a suffix."""
        return self._encoded(key, samples).embedding.astype(np.float64)

    def hear(self, key: Path, windows: Callable[[], Windows]) -> Heard:
        """Hear a track's windows; `key` names them, without a suffix."""
        encoding = self._encoded(key, lambda: windows().samples)
        values = attributes(encoding, self._described(key, windows), self.card.calibration)
        return Heard(
            embedding=encoding.embedding.astype(np.float64),
            tags=encoding.tags,
            energy=cast("float", values["energy"]),
            valence=cast("float", values["valence"]),
        )

    def guess(self, key: Path, samples: Callable[[], npt.NDArray[np.float32]]) -> FloatArray:
        """What the encoder takes the teachers' features (400,) to be, mean over windows; arguments as for `embed`."""

        @torch.inference_mode()
        def guessed() -> Arrays:
            heard = self.encoder.network(self.encoder.log_mel(torch.from_numpy(samples())))
            return {"penultimate": heard.penultimate.mean(0).numpy()}

        return kept(_file(self._guesses, key), guessed)["penultimate"].astype(np.float64)

    def encode(self, samples: npt.NDArray[np.float32]) -> Encoding:
        """Encode windows (n_windows, n_samples) anew."""
        return self.encoder.encode(torch.from_numpy(samples))

    def _encoded(self, key: Path, samples: Callable[[], npt.NDArray[np.float32]]) -> Encoding:
        def encoded() -> Arrays:
            encoding = self.encode(samples())
            rest = json.dumps({"dispersion": encoding.dispersion, "tags": encoding.tags, "feel": encoding.feel})
            return {"embedding": encoding.embedding, "json": np.array(rest)}

        stored = kept(_file(self._encodings, key), encoded)
        return Encoding(embedding=stored["embedding"], **json.loads(stored["json"].item()))

    def _described(self, key: Path, windows: Callable[[], Windows]) -> Descriptors:
        def described() -> Arrays:
            heard = windows()
            log_mel = self.encoder.log_mel(torch.from_numpy(heard.samples)).numpy()
            return {"json": np.array(json.dumps(describe(heard, log_mel)))}

        stored = kept(_file(self._descriptors, key), described)
        return cast("Descriptors", json.loads(stored["json"].item()))


def _file(directory: Path, key: Path) -> Path:
    return directory / key.with_name(f"{key.name}.npz")


def _digest(sources: Iterable[Path], *texts: str) -> str:
    digest = hashlib.sha256("".join(texts).encode())
    for file in sources:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]
