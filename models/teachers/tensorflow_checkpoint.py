"""Read a TensorFlow 1 checkpoint without TensorFlow.

`.index` is a table in LevelDB's format (sorted blocks of prefix-compressed keys, then a footer that points at
the index block) whose values are `BundleEntryProto` messages: type, shape, offset and size of one variable.
`.data-00000-of-00001` holds the raw little-endian values.

Sources: LevelDB's doc/table_format.md; TensorFlow's tensorflow/core/protobuf/tensor_bundle.proto.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.arrays import Float32Array

_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57
_BLOCK_TRAILER_BYTES = 5  # one byte of compression type, four of checksum
_DT_FLOAT = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class CheckpointFormatError(ValueError):
    """The file is not a TensorFlow 1 checkpoint with an uncompressed index, or it is damaged."""


@dataclass(frozen=True, slots=True)
class _Entry:
    dtype: int
    shape: tuple[int, ...]
    offset: int
    size: int


def read(prefix: Path) -> dict[str, Float32Array]:
    """Read every float variable of a checkpoint.

    Args:
        prefix: Path without `.index` and `.data-00000-of-00001`. A directory stands for files named by those suffixes
            alone, as musicnn's are.

    Returns:
        Variable name → float32 array of its stored shape. Variables of other types are omitted.

    Raises:
        CheckpointFormatError: The index is not an uncompressed LevelDB table, or the data file is too short.
    """
    stem = f"{prefix}/" if prefix.is_dir() else str(prefix)
    index = Path(f"{stem}.index").read_bytes()
    data = Path(f"{stem}.data-00000-of-00001").read_bytes()
    variables = {}
    for key, value in _table(index):
        if not key:
            continue  # the header: the number of data files
        entry = _entry(value)
        if entry.dtype == _DT_FLOAT:
            variables[key.decode()] = _array(data, entry, key.decode())
    return variables


def _array(data: bytes, entry: _Entry, name: str) -> Float32Array:
    raw = data[entry.offset : entry.offset + entry.size]
    if len(raw) != entry.size:
        raise CheckpointFormatError(f"{name}: the data file ends before the values of this variable.")
    return np.frombuffer(raw, dtype="<f4").reshape(entry.shape).astype(np.float32)


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise CheckpointFormatError("The index is not a LevelDB table: its magic number is missing.")
    _, _, at = _handle(footer, 0)  # the metaindex block is not needed
    offset, size, _ = _handle(footer, at)
    for _, handle in _block(table, offset, size):
        yield from _block(table, *_handle(handle, 0)[:2])


def _handle(buffer: bytes, at: int) -> tuple[int, int, int]:
    offset, at = _varint(buffer, at)
    size, at = _varint(buffer, at)
    return offset, size, at


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    stored = table[offset : offset + size + _BLOCK_TRAILER_BYTES]
    if len(stored) < size + _BLOCK_TRAILER_BYTES:
        raise CheckpointFormatError("The index ends inside a block.")
    if stored[size] != 0:
        raise CheckpointFormatError("The index is compressed; only uncompressed blocks are supported.")
    (restarts,) = struct.unpack("<I", stored[size - 4 : size])
    end = size - 4 * (restarts + 1)
    key, at = b"", 0
    while at < end:
        shared, at = _varint(stored, at)
        unshared, at = _varint(stored, at)
        length, at = _varint(stored, at)
        key = key[:shared] + stored[at : at + unshared]
        at += unshared
        yield key, stored[at : at + length]
        at += length


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  the continuation bit
            return value, at
        shift += 7


def _entry(message: bytes) -> _Entry:
    fields = dict(_fields(message))
    shape = fields.get(2, b"")
    dims = [dict(_fields(_as_bytes(dim))).get(1, 0) for _, dim in _fields(_as_bytes(shape))]
    return _Entry(
        dtype=_as_int(fields.get(1, 0)),
        shape=tuple(_as_int(dim) for dim in dims),
        offset=_as_int(fields.get(4, 0)),
        size=_as_int(fields.get(5, 0)),
    )


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif wire == _BYTES:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
            at += length
        elif wire in {_FIXED32, _FIXED64}:
            at += 4 if wire == _FIXED32 else 8
        else:
            raise CheckpointFormatError(f"Unknown wire type {wire} in an index entry.")


def _as_int(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise CheckpointFormatError("An index entry holds bytes where a number is expected.")
    return value


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise CheckpointFormatError("An index entry holds a number where a message is expected.")
    return value
