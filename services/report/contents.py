"""The library as the parts of a report read it: rows of tracks, and arrays of what was measured."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.catalog.reports import MEASURED, FailureContent, FileContent, ReportSnapshot, TrackContent
from services.domain.names import KEY_SEPARATOR


@dataclass(frozen=True, slots=True)
class Contents:
    """A library. `vectors` (n, dimension) and `measured` (n,) are of the first n of `tracks`, which are analysed."""

    tracks: Sequence[TrackContent]
    files: Mapping[str, Sequence[FileContent]]
    """The files of each track by its id."""
    failures: Sequence[FailureContent]
    vectors: NDArray[np.float32]
    measured: Mapping[str, NDArray[np.float64]]
    """NaN is unknown."""

    @property
    def analysed(self) -> Sequence[TrackContent]:
        """The analysed tracks."""
        return self.tracks[: len(self.vectors)]

    def file_of(self, track: TrackContent) -> FileContent | None:
        """Return the first file of a track."""
        return next(iter(self.files.get(track.id, ())), None)

    def folder_of(self, track: TrackContent) -> str:
        """Return the folder of the first file of a track."""
        file = self.file_of(track)
        return "unknown folder" if file is None else str(PurePosixPath(file.path).parent)


def read(catalogue: Catalogue) -> Contents:
    """Read the library in one snapshot.

    Raises:
        CatalogueUnavailable: the database does not respond.
    """
    with catalogue.reports.snapshot() as snapshot:
        return _read(snapshot)


def _read(snapshot: ReportSnapshot) -> Contents:
    analysed, others = list[TrackContent](), list[TrackContent]()
    vectors, measured = bytearray(), list[tuple[float | None, ...]]()
    for track, embedding, values in snapshot.tracks():
        if embedding is not None and len(embedding) == 4 * snapshot.dimension:
            analysed.append(track)
            vectors += embedding
            measured.append(values)
        else:
            others.append(track)
    files = defaultdict[str, list[FileContent]](list)
    for file in snapshot.files():
        files[file.track_id].append(file)
    numbers = np.array(measured, dtype=np.float64).reshape(-1, len(MEASURED))
    return Contents(
        [*analysed, *others],
        files,
        list(snapshot.failures()),
        np.frombuffer(vectors, dtype="<f4").reshape(-1, snapshot.dimension).astype(np.float32, copy=False),
        dict(zip(MEASURED, numbers.T, strict=True)),
    )


def genre_of(track: TrackContent) -> str | None:
    """Return the key of the first genre that the tags of a track name."""
    return track.genre_keys.partition(KEY_SEPARATOR)[0] if track.genre_keys else None
