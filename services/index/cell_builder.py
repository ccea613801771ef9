"""Builds the files of an inverted-file index (`services.index.cells`)."""

import json
import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from services.catalog.index_builds import BuildPhase
from services.domain.filters import RANGE_FIELDS
from services.domain.vector_index import Point
from services.index.cells import encoded, packed
from services.index.columns import OwnNumbers, keywords_of
from services.storage.disk import sync

SAMPLES_OF_CELL = 64
ITERATIONS = 8
CHUNK = 10_000
SEED = 0

Vectors = NDArray[np.float32]
AfterStep = Callable[[BuildPhase, int], None]
"""Called with the phase and the number of points that it has done; what it raises ends the build."""


def build(path: Path, batches: Iterable[Sequence[Point]], after_step: AfterStep = lambda _phase, _done: None) -> int:
    """Write the files for all points to a directory, and return the number of points. Each id occurs once.

    Memory: about 250 MB for a million tracks; the vectors are written to a file first and are read in parts.
    """
    arrived = path / "arrived.f32"
    ids, numbers, keywords = bytearray(), [np.empty((0, len(RANGE_FIELDS)), dtype=np.float32)], _Pairs()
    own = OwnNumbers(RANGE_FIELDS)
    count, peak, dimension = 0, 0.0, 0
    with arrived.open("wb") as file:
        for batch in batches:
            if not batch:
                continue
            stacked = np.stack([point.vector for point in batch]).astype("<f4")
            dimension = stacked.shape[1]
            file.write(stacked.tobytes())
            peak = max(peak, float(np.abs(stacked).max()))
            ids += b"".join(packed(point.id) for point in batch)
            fields = [[point.payload.get(name) for name in RANGE_FIELDS] for point in batch]
            numbers.append(np.array(fields, dtype=np.float32))
            for row, point in enumerate(batch, count):
                keywords.add(row, point)
                own.add(row, point.payload)
            count += len(batch)
            after_step(BuildPhase.FILL, count)
    if not count:
        arrived.unlink()
        return 0
    vectors = np.memmap(arrived, dtype="<f4", mode="r", shape=(count, dimension))
    centroids, order, starts = _cells(vectors, after_step)
    _write_vectors(path, vectors, order, peak, after_step)
    rows = np.empty(count, dtype=np.int32)
    rows[order] = np.arange(count, dtype=np.int32)
    packed_ids = np.frombuffer(bytes(ids), dtype="S16")[order]
    _save(path / "ids.npy", packed_ids)
    _save(path / "by-id.npy", np.argsort(packed_ids).astype(np.int32))
    own_numbers = own.columns(count)
    columns = np.vstack([np.concatenate(numbers).T, *own_numbers.values()])
    _save(path / "numbers.npy", np.ascontiguousarray(columns[:, order]))
    _save_json(path / "numbers.json", [*RANGE_FIELDS, *own_numbers])
    _save(path / "centroids.npy", centroids)
    _save(path / "starts.npy", starts)
    keywords.write(path, rows)
    del vectors
    arrived.unlink()
    sync(path)
    return count


def _cells(vectors: Vectors, after_step: AfterStep) -> tuple[Vectors, NDArray[np.int32], NDArray[np.int64]]:
    """Return the centroids, the rows in the order of their cells, and the first place of each cell."""
    cells = max(1, round(len(vectors) ** 0.5))
    random = np.random.default_rng(SEED)
    chosen = random.choice(len(vectors), min(len(vectors), SAMPLES_OF_CELL * cells), replace=False)
    sample = np.asarray(vectors[np.sort(chosen)])
    centroids = sample[random.choice(len(sample), cells, replace=False)]
    for _ in range(ITERATIONS):
        nearest = _nearest(sample, centroids)
        sums = np.zeros_like(centroids)
        np.add.at(sums, nearest, sample)
        sizes = np.bincount(nearest, minlength=cells)[:, None]
        centroids = np.where(sizes > 0, sums / np.maximum(sizes, 1), centroids).astype(np.float32)
        after_step(BuildPhase.CELLS, 0)
    assigned = np.empty(len(vectors), dtype=np.int32)
    for start in range(0, len(vectors), CHUNK):
        assigned[start : start + CHUNK] = _nearest(np.asarray(vectors[start : start + CHUNK]), centroids)
        after_step(BuildPhase.CELLS, start)
    order = np.argsort(assigned, kind="stable").astype(np.int32)
    return centroids, order, np.searchsorted(assigned[order], np.arange(cells + 1))


def _nearest(vectors: Vectors, centroids: Vectors) -> NDArray[np.intp]:
    parts = [np.argmax(vectors[start : start + CHUNK] @ centroids.T, axis=1) for start in range(0, len(vectors), CHUNK)]
    return np.concatenate(parts)


def _write_vectors(path: Path, vectors: Vectors, order: NDArray[np.int32], peak: float, after_step: AfterStep) -> None:
    """Write the sorted vectors and their codes."""
    # Not into memory maps, which a full disk ends with SIGBUS.
    with (path / "vectors.npy").open("wb") as exact, (path / "codes.npy").open("wb") as codes:
        _write_header(exact, "<f4", vectors.shape)
        _write_header(codes, f"|V{vectors.shape[1]}", vectors.shape[:1])
        for start in range(0, len(order), CHUNK):
            chunk = vectors[order[start : start + CHUNK]]
            exact.write(chunk.tobytes())
            codes.write(encoded(chunk, peak).tobytes())
            after_step(BuildPhase.CELLS, len(order))
        for file in (exact, codes):
            file.flush()
            os.fsync(file.fileno())


def _write_header(file: BinaryIO, descr: str, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})


class _Pairs:
    """The rows and keys of each keyword field."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, int]] = defaultdict(dict)
        self._pairs: dict[str, tuple[array[int], array[int]]] = defaultdict(lambda: (array("i"), array("i")))

    def add(self, row: int, point: Point) -> None:
        for field, key in keywords_of(point.payload):
            rows, keys = self._pairs[field]
            rows.append(row)
            keys.append(self._keys[field].setdefault(key, len(self._keys[field])))

    def write(self, path: Path, new_rows: NDArray[np.int32]) -> None:
        """Write the rows of each key; `new_rows` maps the rows as they were added."""
        for field, (rows, keys) in self._pairs.items():
            moved, codes = new_rows[np.frombuffer(rows, dtype=np.int32)], np.frombuffer(keys, dtype=np.int32)
            order = np.lexsort((moved, codes))
            _save(path / f"{field}-rows.npy", moved[order])
            _save(path / f"{field}-starts.npy", np.searchsorted(codes[order], np.arange(len(self._keys[field]) + 1)))
        _save_json(path / "keywords.json", {field: list(keys) for field, keys in self._keys.items()})


def _save(path: Path, values: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, values)
        file.flush()
        os.fsync(file.fileno())


def _save_json(path: Path, values: object) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
