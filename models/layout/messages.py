"""What a worker and the process that fits a map tell each other: arrays, without pickle."""

import io
import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float32Array, Float64Array
from models.layout.regions import Region


@dataclass(frozen=True, slots=True)
class Order:
    """The tracks of a map.

    Attributes:
        vectors: (n, 128), unit length.
        previous: (n, 2), their points on the earlier map, 0 to 1; rows of NaN for tracks that it lacks.
        heard: (n, t), whether a tag is heard in a track.
        tags: t names.
    """

    vectors: Float32Array
    previous: Float64Array
    heard: NDArray[np.bool_]
    tags: tuple[str, ...]

    def encode(self) -> bytes:
        """Return the message."""
        return _packed(
            vectors=self.vectors, previous=self.previous, heard=self.heard, tags=np.array(json.dumps(self.tags))
        )

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """Read a message."""
        with np.load(io.BytesIO(message)) as stored:
            tags = tuple(json.loads(stored["tags"].item()))
            return cls(stored["vectors"], stored["previous"], stored["heard"], tags)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A map and its regions; `points` has shape (n, 2), 0 to 1."""

    points: Float64Array
    regions: tuple[Region, ...]

    def encode(self) -> bytes:
        """Return the message."""
        named = [asdict(region) for region in self.regions]
        return _packed(points=self.points, regions=np.array(json.dumps(named)))

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """Read a message."""
        with np.load(io.BytesIO(message)) as stored:
            named = json.loads(stored["regions"].item())
            found = (Region(**region | {"tags": tuple(region["tags"])}) for region in named)
            return cls(stored["points"], tuple(found))


def _packed(**arrays: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # no array is named "allow_pickle"
    return stream.getvalue()
