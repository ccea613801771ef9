"""musicnn's towers, and TensorFlow's checkpoints read without TensorFlow."""

import struct

import numpy as np
import pytest
import torch

from models.frontend import MelParameters
from models.teachers.musicnn import MusicnnTower, Teachers
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
    """Prefix-compressed names, shapes and offsets of a hand-made table come out right."""
    write_checkpoint(tmp_path)

    variables = read(tmp_path)

    assert variables.keys() == {"dense/bias", "dense/kernel"}
    assert variables["dense/bias"].tolist() == [1.0, 2.0]
    assert variables["dense/kernel"].tolist() == [[3.0], [4.0], [5.0]]


def test_what_is_not_a_table_is_refused(tmp_path):
    """A file without LevelDB's magic number is named as such."""
    write_checkpoint(tmp_path)
    (tmp_path / ".index").write_bytes(b"\0" * 100)

    with pytest.raises(CheckpointFormatError, match="magic number"):
        read(tmp_path)


def test_a_compressed_table_is_refused(tmp_path):
    """A compressed block is an error, not garbage."""
    write_checkpoint(tmp_path, compression=1)

    with pytest.raises(CheckpointFormatError, match="compressed"):
        read(tmp_path)


def test_missing_values_are_refused(tmp_path):
    """Data that end early name the variable they lack."""
    write_checkpoint(tmp_path, data=b"\0" * 12)

    with pytest.raises(CheckpointFormatError, match="dense/kernel"):
        read(tmp_path)


def test_the_residual_adds_the_normalised_output():
    """Each later mid-end layer is its input plus its own batch-normalised output."""
    tower = MusicnnTower().requires_grad_(requires_grad=False)
    for block in tower.mid_layers:
        block.convolution.weight.zero_()
        block.convolution.bias.zero_()
        block.shift.fill_(1.0)  # every layer's normalised output is 1
    tower.dense.bias.zero_()
    tower.dense.weight.zero_()
    last_channel_mean = tower.dense.in_features - 1
    tower.dense.weight[0, last_channel_mean] = 1.0

    penultimate, _ = tower(torch.zeros(1, 187, 96))

    assert float(penultimate[0, 0]) == pytest.approx(3.0)


def test_a_window_is_the_mean_of_its_patches():
    """A window of two patches has the mean of what each patch is heard as, the first tower's features first."""
    torch.manual_seed(0)
    teachers = Teachers(MelParameters(), {name: [str(tag) for tag in range(50)] for name in ("msd", "mtt")})
    for block in (block for tower in teachers.towers.values() for block in tower.peak_filters):
        torch.nn.init.normal_(block.kernel, std=0.02)
    window = torch.rand(1, 2 * 187, 96)

    penultimate, tags = teachers.hear(window)

    first, second = (tower(window.view(2, 187, 96)) for tower in teachers.towers.values())
    torch.testing.assert_close(penultimate[0], torch.cat([first[0].mean(0), second[0].mean(0)]))
    torch.testing.assert_close(tags[0], torch.cat([first[1].mean(0), second[1].mean(0)]))
    assert not torch.allclose(first[0][0], first[0][1])


def test_teachers_refuse_less_than_a_patch():
    """Teachers need 3 s."""
    teachers = Teachers(MelParameters(), {"msd": [str(tag) for tag in range(50)]})

    with pytest.raises(ValueError, match="186 frames is shorter than one patch of 187"):
        teachers.hear(torch.zeros(1, 186, 96))
