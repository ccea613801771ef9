"""TensorFlow 1 checkpoints are read without TensorFlow."""

import struct

import numpy as np
import pytest

from models.teachers.tensorflow_checkpoint import CheckpointFormatError, read

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def entry(offset, size, *dims):
    """A BundleEntryProto of floats: type 1, the shape, offset and size, as varints below 128."""
    shape = b"".join(b"\x12\x02\x08" + bytes([dim]) for dim in dims)
    return b"\x08\x01\x12" + bytes([len(shape)]) + shape + b"\x20" + bytes([offset]) + b"\x28" + bytes([size])


def block(*entries):
    """A LevelDB block of (shared, rest of the key, value) with one restart point, then no compression, no checksum."""
    body = b"".join(bytes([shared, len(key), len(value)]) + key + value for shared, key, value in entries)
    return body + struct.pack("<II", 0, 1)


def write_checkpoint(folder, data=b"", compression=0):
    """Two variables whose names share a prefix: `dense/bias` = [1, 2] and `dense/kernel` = [[3], [4], [5]]."""
    variables = block((0, b"", b"\x08\x01"), (0, b"dense/bias", entry(0, 8, 2)), (6, b"kernel", entry(8, 12, 3, 1)))
    index = block((0, b"z", bytes([0, len(variables)])))
    trailer = bytes([compression]) + b"\0\0\0\0"
    at = len(variables) + 5
    footer = (b"\0\0" + bytes([at, len(index)])).ljust(40, b"\0") + MAGIC
    (folder / ".index").write_bytes(variables + trailer + index + trailer + footer)
    values = data or np.array([1, 2, 3, 4, 5], dtype="<f4").tobytes()
    (folder / ".data-00000-of-00001").write_bytes(values)


def test_variables_are_read_by_name_and_shape(tmp_path):
    """Names, shapes and values of a hand-made table with prefix-compressed keys are read."""
    write_checkpoint(tmp_path)

    variables = read(tmp_path)

    assert variables.keys() == {"dense/bias", "dense/kernel"}
    assert variables["dense/bias"].tolist() == [1.0, 2.0]
    assert variables["dense/kernel"].tolist() == [[3.0], [4.0], [5.0]]


def test_an_index_that_is_not_a_table_is_an_error(tmp_path):
    """An index without LevelDB's magic number is an error that mentions it."""
    write_checkpoint(tmp_path)
    (tmp_path / ".index").write_bytes(b"\0" * 100)

    with pytest.raises(CheckpointFormatError, match="magic number"):
        read(tmp_path)


def test_a_compressed_index_is_an_error(tmp_path):
    """A compressed block is an error."""
    write_checkpoint(tmp_path, compression=1)

    with pytest.raises(CheckpointFormatError, match="compressed"):
        read(tmp_path)


def test_missing_values_are_an_error(tmp_path):
    """If the data file ends early, the error names the variable."""
    write_checkpoint(tmp_path, data=b"\0" * 12)

    with pytest.raises(CheckpointFormatError, match="dense/kernel"):
        read(tmp_path)
