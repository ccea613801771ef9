"""musicnn's two networks as an encoder of the interface: an example, and a second opinion on a library.

The vectors are the penultimate features of both networks, as they are. docs/encoders.md has its figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from models.audio.frontend import MelParameters, normalise_loudness
from models.checkpoint import CheckpointError
from models.corpus.corpus import DEFAULT_CACHE
from models.descriptors.describe import Descriptors
from models.encoder import Encoding
from models.encoders.interface import MelEncoder, encoding_of, without_attributes
from models.teachers.musicnn import PENULTIMATE_SIZE, Teachers
from models.teachers.weights import TOWERS, WheelError, build_teachers

VERSION = "musicnn-0.1.0"
DIMENSION = PENULTIMATE_SIZE * len(TOWERS)


class Musicnn(MelEncoder):
    """Both networks of musicnn.

    Args:
        teachers: The networks with their weights.
    """

    version = VERSION
    dimension = DIMENSION

    def __init__(self, teachers: Teachers) -> None:
        self._teachers = teachers

    @property
    def sample_rate(self) -> int:
        """16 000 Hz."""
        return self.mel.sample_rate

    @property
    def mel(self) -> MelParameters:
        """The parameters that musicnn was trained with."""
        return self._teachers.mel

    def log_mel(self, windows: Tensor) -> Tensor:
        """Normalise the loudness of a track and compute its log-mel."""
        log_mel: Tensor = self._teachers.log_mel(normalise_loudness(windows, self.mel.target_dbfs))
        return log_mel

    def encode_log_mel(self, log_mel: Tensor) -> Encoding:
        """Encode one track from its log-mel; raise a ValueError if its windows are shorter than 3 s."""
        penultimate, tags = self._teachers.encode_log_mel(log_mel)
        return encoding_of(penultimate, dict(zip(self._teachers.tag_names, tags.mean(0).tolist(), strict=True)))

    def encode(self, windows: Tensor) -> Encoding:
        """Encode one track from its samples."""
        return self.encode_log_mel(self.log_mel(windows))

    def attributes(self, encoding: Encoding, descriptors: Descriptors) -> Mapping[str, float | None]:
        """Return no attributes: the networks were trained on tags only."""
        del encoding, descriptors
        return without_attributes()


@dataclass(frozen=True, slots=True)
class _Source:
    version: str = VERSION
    dimension: int = DIMENSION

    def load(self) -> Musicnn:
        """Load the weights from the musicnn wheel, which is downloaded if it is not in the cache of the corpus."""
        try:
            return Musicnn(build_teachers(DEFAULT_CACHE / "musicnn", MelParameters()))
        except WheelError as error:
            raise CheckpointError(str(error)) from error


MUSICNN = _Source()
"""The entry point `musicnn`."""
