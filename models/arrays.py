"""NumPy array types, rows of unit length, and `.npz` files that are written whole or not at all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float16Array = NDArray[np.float16]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
Arrays = dict[str, NDArray[Any]]

_Float = TypeVar("_Float", np.float32, np.float64)


def unit_rows(vectors: NDArray[_Float]) -> NDArray[_Float]:
    """Divide each row by its Euclidean length.

    Args:
        vectors: (n, d), no row of zeros.

    Returns:
        (n, d), each row of length 1.
    """
    scaled: NDArray[_Float] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def write_arrays(file: Path, arrays: Mapping[str, ArrayLike]) -> None:
    """Write arrays to an `.npz` file through a `.partial` file, so that an interrupted run leaves no half file.

    Args:
        file: Ends in `.npz`; its directory is created.
        arrays: Arrays by name.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.savez(stream, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]  # no array is named "allow_pickle"
    partial.rename(file)


def read_arrays(file: Path) -> Arrays:
    """Read every array of an `.npz` file by name."""
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def cached_arrays(file: Path, compute: Callable[[], Mapping[str, ArrayLike]]) -> Arrays:
    """Read arrays from a file, or compute them and write the file.

    Args:
        file: Ends in `.npz`; its directory is created.
        compute: Returns the arrays by name; called if the file does not exist.

    Returns:
        The arrays by name, as the file holds them.
    """
    if not file.exists():
        write_arrays(file, compute())
    return read_arrays(file)
