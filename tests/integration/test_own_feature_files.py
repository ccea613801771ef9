"""Import own features from files: types, errors with the row, and nothing half imported."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.domain.errors import InvalidRequest
from services.domain.own_features import FeatureType
from services.own_features import importing
from services.own_features.importing import Imported, import_features
from tests.fakes.library import track_id, write_library

NUMBER, FLAG, TEXT = FeatureType.NUMBER, FeatureType.FLAG, FeatureType.TEXT


@pytest.fixture
def catalogue(sqlite_catalogue, tmp_path):
    write_library(sqlite_catalogue, tmp_path / "music", 6)
    return sqlite_catalogue


@pytest.fixture
def written(tmp_path):
    """A function that writes a CSV file."""

    def write(content):
        path = tmp_path / "features.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def values(catalogue, number):
    return catalogue.tracks.get(track_id(number)).own_features


def test_a_csv_file_becomes_features(catalogue, written):
    """Headings become names, the values decide the types, and empty cells are no values."""
    path = written(
        "\ufefftrack_id,My Energy,radio-ok,scene,grade:text\r\n"
        f'{track_id(0)},0.5,TRUE,"Late, night",3\r\n'
        "\r\n"
        "test:1,-1e3,false,,4\r\n"
        "test:2,,,,\r\n"
    )

    assert import_features(catalogue, path) == Imported(
        ["mine.grade", "mine.my_energy", "mine.radio_ok", "mine.scene"], tracks=3, unknown=0
    )

    assert catalogue.own_features.types() == {
        "mine.grade": TEXT,
        "mine.my_energy": NUMBER,
        "mine.radio_ok": FLAG,
        "mine.scene": TEXT,
    }
    assert values(catalogue, 0) == {
        "mine.my_energy": 0.5,
        "mine.radio_ok": True,
        "mine.scene": "Late, night",
        "mine.grade": "3",
    }
    assert values(catalogue, 1) == {"mine.my_energy": -1000.0, "mine.radio_ok": False, "mine.grade": "4"}
    assert values(catalogue, 2) == {}


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_recognised(catalogue, written, separator):
    """By the headings."""
    import_features(catalogue, written("id,energy\ntest:0,1,5\n".replace(",", separator, 2).replace(",", ".")))

    assert values(catalogue, 0) == {"mine.energy": 1.5}


def test_an_import_replaces_the_columns_of_the_file(catalogue, written):
    """With all of their values; a feature keeps its type, also if the new values look like another one."""
    import_features(catalogue, written("track_id,energy,grade\ntest:0,1,A\ntest:1,1,B\n"))
    import_features(catalogue, written("track_id,grade\ntest:1,7\n"))

    assert values(catalogue, 0) == {"mine.energy": 1.0}
    assert values(catalogue, 1) == {"mine.energy": 1.0, "mine.grade": "7"}


REFUSED = {
    "wrong id": ("track_id,energy\ntest:0,1\ntest:9,1\n", "row 3: no track has the id 'test:9'"),
    "no id": ("track_id,energy\ntest:0,1\n,1\n", "row 3: no track has the id ''"),
    "second row": (f"track_id,energy\ntest:0,1\n{track_id(0)},2\n", "row 3: the track '.*' has a row already"),
    "NaN": ("track_id,energy\ntest:0,1\ntest:1,NaN\n", "row 3: nan in the column of 'mine.energy' is not a finite"),
    "infinity": ("track_id,energy\ntest:0,-inf\n", "row 2: -inf in the column of 'mine.energy' is not a finite"),
    "mixed": ("track_id,energy\ntest:0,1\ntest:1,high\n", "row 3: 'high' in the column of 'mine.energy' is a text"),
    "not a number": ("track_id,energy:number\ntest:0,high\n", "row 2: 'high' in the column of 'mine.energy' is not a"),
    "no flag": ("track_id,ok:flag\ntest:0,maybe\n", "row 2: 'maybe' in the column of 'mine.ok' is neither true nor"),
    "long text": (f"track_id,a\ntest:0,{'x' * 201}\n", "row 2: the text in the column of 'mine.a' has more than 200"),
    "nul": ("track_id,a\ntest:0,x\0y\n", "row 2: the text in the column of 'mine.a' contains characters"),
    "latin-1": ("track_id,a\ntest:0,x\ntest:1,caf\xe9\n".encode("latin-1"), "row 3: it is not encoded in UTF-8"),
    "too few cells": ("track_id,a,b\ntest:0,1,2\ntest:1,1\n", "row 3: it has 2 cells, and the headings are 3"),
    "cut quotes": ('track_id,a\ntest:0,"x\n', "row 2: it is no CSV"),
    "empty": ("", "is empty"),
    "only blank lines": ("\n\n", "has no column 'track_id'"),
    "no track column": ("track,a\ntest:0,1\n", "has no column 'track_id'"),
    "no feature": ("track_id\ntest:0\n", "has no column besides the tracks"),
    "no values": ("track_id,a\ntest:0,\n", "column of 'mine.a' in 'features.csv' has no values"),
    "no rows": ("track_id,a:text\n", "has no row of a track"),
    "bad heading": ("track_id,1st\ntest:0,1\n", "The column '1st' cannot name own features"),
    "two columns": ("track_id,My A,my-a\ntest:0,1,2\n", "has two columns for 'mine.my_a'"),
    "two track columns": ("track_id,track_id\ntest:0,test:0\n", "has two columns 'track_id'"),
    "no line breaks": ("track_id,a\ntest:0,1\n" + "x" * 2_000_000, "row 3: it has more than 1,048,576 characters"),
    "unknown type": ("track_id,a:date\ntest:0,1\n", "'date' in the heading 'a:date' is no type"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=list(REFUSED))
def test_a_wrong_file_is_refused_as_a_whole(catalogue, written, monkeypatch, content, message):
    """With the row, however far the import has come; the features of before stay."""
    import_features(catalogue, written("track_id,kept\ntest:3,1\n"))
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)

    with pytest.raises(InvalidRequest, match=message):
        import_features(catalogue, written(content))

    assert list(catalogue.own_features.types()) == ["mine.kept"]
    assert [values(catalogue, number) for number in (0, 3)] == [{}, {"mine.kept": 1.0}]
    assert catalogue.own_features._abandoned() == []


def test_rows_of_unknown_tracks_can_be_left_out(catalogue, written):
    """They are counted."""
    path = written("track_id,energy\ntest:0,1\ntest:9,1\n")

    assert import_features(catalogue, path, "other", skip_unknown=True) == Imported(["other.energy"], 1, 1)
    assert values(catalogue, 0) == {"other.energy": 1.0}


def parquet(tmp_path, **columns):
    path = tmp_path / "features.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_a_parquet_file_becomes_features(catalogue, tmp_path):
    """The types are those of the columns; the column of tracks may stand anywhere."""
    path = parquet(
        tmp_path,
        Energy=pa.array([0.5, None, 1.5], pa.float32()),
        rank=pa.array([3, 2, None], pa.int16()),
        ok=[True, False, None],
        scene=pa.array(["a", None, ""]).dictionary_encode(),
        track_id=["test:0", "test:1", track_id(2)],
    )

    assert import_features(catalogue, path).tracks == 3

    assert catalogue.own_features.types() == {
        "mine.energy": NUMBER,
        "mine.ok": FLAG,
        "mine.rank": NUMBER,
        "mine.scene": TEXT,
    }
    assert values(catalogue, 0) == {"mine.energy": 0.5, "mine.rank": 3.0, "mine.ok": True, "mine.scene": "a"}
    assert values(catalogue, 1) == {"mine.rank": 2.0, "mine.ok": False}
    assert values(catalogue, 2) == {"mine.energy": 1.5}


def test_a_wrong_parquet_file_is_refused(catalogue, tmp_path):
    """With the row, or the column; a file that is cut off too."""
    ids = ["test:0", "test:1", "test:2"]
    for columns, message in (
        ({"track_id": ids, "a": [1.0, 2.0, np.nan]}, "row 3: nan in the column of 'mine.a'"),
        ({"track_id": ["test:0", None, "test:2"], "a": [1, 2, 3]}, "row 2: no track has the id ''"),
        ({"track_id": ids, "a": [[1], [2], [3]]}, "column of 'mine.a' has the type list"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            import_features(catalogue, parquet(tmp_path, **columns))
    whole = parquet(tmp_path, track_id=ids, a=[1.0, 2.0, 3.0])
    whole.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(InvalidRequest, match="is no complete Parquet file"):
        import_features(catalogue, whole)
    buffers = [None, pa.py_buffer(bytes(4) + b"\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    damaged = parquet(tmp_path, track_id=ids[:1], a=pa.Array.from_buffers(pa.string(), 1, buffers))
    with pytest.raises(InvalidRequest, match="row 1: this or a later text is not encoded in UTF-8"):
        import_features(catalogue, damaged)
    damaged = parquet(tmp_path, track_id=ids, a=[1.0, 2.0, 3.0])
    damaged.write_bytes(b"PAR1" + b"\0" * 200 + damaged.read_bytes()[204:])
    with pytest.raises(InvalidRequest, match=re.compile("row 1: the rest of the Parquet file cannot be read")):
        import_features(catalogue, damaged)

    assert catalogue.own_features.types() == {}
