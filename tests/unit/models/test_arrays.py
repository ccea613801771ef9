"""Arrays in files and rows of unit length."""

import numpy as np

from models.arrays import cached_arrays, unit_rows


def test_arrays_are_computed_once(tmp_path):
    """The second call reads the file of the first, and no partial file remains."""
    calls = []

    def compute():
        calls.append(1)
        return {"value": np.arange(3.0), "name": "text"}

    first, again = (cached_arrays(tmp_path / "sub" / "x.npz", compute) for _ in range(2))

    assert calls == [1]
    assert first["value"].tolist() == again["value"].tolist() == [0.0, 1.0, 2.0]
    assert again["name"].item() == "text"
    assert [file.name for file in (tmp_path / "sub").iterdir()] == ["x.npz"]


def test_rows_get_unit_length():
    """Each row is divided by its own length."""
    assert unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]])).tolist() == [[0.6, 0.8], [0.0, -1.0]]
