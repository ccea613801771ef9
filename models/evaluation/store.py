"""What an evaluation computed once and need not compute again, as files of arrays."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.corpus.corpus import CorpusTrack

Arrays = dict[str, npt.NDArray[Any]]


def kept(file: Path, compute: Callable[[], Mapping[str, npt.ArrayLike]]) -> Arrays:
    """Read arrays from a file, or compute and write them; an interrupted run leaves no half file.

    Args:
        file: Ends in .npz; its directory is created.
        compute: Gives the arrays by name.

    Returns:
        The arrays by name, as they were written.
    """
    if not file.exists():
        arrays = {name: np.asarray(value) for name, value in compute().items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        with partial.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # a name might be "allow_pickle"; none is
        partial.rename(file)
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def track_file(directory: Path, track: CorpusTrack) -> Path:
    """Where a track's arrays lie in a directory: two tracks may share a name, but not its folder's too."""
    return directory / track.package / f"{track.key}.npz"
