"""Tables for analysts: what they contain, in each format, on both databases."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from services.catalog.exports import Selected
from services.catalog.library import FileStamp
from services.domain.comparison import Baseline, Choice, Pair
from services.domain.errors import AlreadyRunning, InvalidRequest, StorageUnavailable
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.listening import Description, EventKind, NewListen
from services.domain.track import Tags
from services.export import run
from services.export.columns import ColumnType
from services.export.run import FileFormat, Options, export
from services.export.tables import TABLES, TRACKS
from tests.fakes.library import record, track_id, unit_vector
from tests.fakes.listens import answer

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def stamp(path: str, root: str = "/music") -> FileStamp:
    return FileStamp(path, root, 1000, 1)


@pytest.fixture
def library(catalogue):
    """Two analysed tracks, one of them with two files, and a pending one; a listener, a playlist and a failure."""
    tags = Tags("Ähre", ("Ann", "Bo"), "Field", year=1999, genres=("Folk", "Ambient"), ids={"isrc": ("X1",)})
    catalogue.library.register(track_id(1), tags, stamp("/music/a/b.flac"))
    catalogue.library.register(track_id(1), tags, stamp("/music/copy.MP3"))
    catalogue.library.register(track_id(2), Tags("Solo", ("Cy",)), stamp("/music/solo"))
    catalogue.library.register(track_id(3), Tags("Waiting", ()), stamp("/music/w.ogg"))
    for number in (1, 2):
        record(catalogue, track_id(number), number)
    described = Description(artist="Dee", title="Elsewhere")
    events = [
        NewListen(names=(track_id(1),), at=NOW, played_ms=1500),
        NewListen(described=described, at=NOW + timedelta(minutes=1)),
        NewListen(names=(track_id(2),), kind=EventKind.LIKE, at=NOW),
        NewListen(names=(track_id(2),), kind=EventKind.BAN, at=NOW + timedelta(days=1)),
    ]
    recommended = answer(track_id(2), track_id(1), at=NOW, listener="ann", experiment="test", variant="b")
    catalogue.recommendation_log.add([recommended])
    catalogue.listens.add("ann", events)
    catalogue.playlists.create("Mine", owner="ann", track_ids=[track_id(2), track_id(1)])
    pair = Pair(
        track_id=track_id(1),
        segue_id=track_id(2),
        baseline_id=track_id(3),
        baseline=Baseline.GENRE,
        segue_first=False,
        model_version="test-1",
    )
    asked = [catalogue.comparisons.add("ann", pair) for _ in range(2)]
    catalogue.comparisons.answer("ann", asked[0].id, Choice.SECOND)
    cause = Cause("Not audio.", FailureKind.UNSUPPORTED)
    catalogue.failures.add("/music/letter.txt", JobKind.SCAN, "/music", cause)
    return catalogue


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "tables"


def rows_of(folder, name):
    """The rows of a table of Parquet files."""
    return pq.read_table(folder / name).to_pylist()


def test_a_table_has_what_the_catalogue_knows(library, folder):
    """Lists stay lists, paths are relative to the folder of their library, and vectors have their numbers."""
    export(library, folder, Options())
    tracks = {row["track_id"]: row for row in rows_of(folder, "tracks")}
    first = tracks[track_id(1)]

    assert (first["title"], first["artists"], first["genres"]) == ("Ähre", ["Ann", "Bo"], ["Folk", "Ambient"])
    assert (first["ids"], first["path"], first["root"]) == (["isrc:X1"], "a/b.flac", "/music")
    assert (first["format"], first["files"], first["status"]) == ("flac", 2, "ready")
    assert first["added_at"].tzinfo is not None
    assert (tracks[track_id(2)]["artists"], tracks[track_id(2)]["format"]) == (["Cy"], "")
    assert (tracks[track_id(3)]["artists"], tracks[track_id(3)]["analysed_at"]) == ([], None)

    features = {row["track_id"]: row for row in rows_of(folder, "features")}
    assert features.keys() == {track_id(1), track_id(2)}
    assert (features[track_id(1)]["tempo"], dict(features[track_id(1)]["tags"])) == (81.0, {"calm": 0.7})
    vectors = {row["track_id"]: np.array(row["embedding"]) for row in rows_of(folder, "embeddings")}
    np.testing.assert_allclose(vectors[track_id(2)], unit_vector(2), atol=1e-7)

    listens = rows_of(folder, "listens")
    assert [
        (row["kind"], row["track_id"], row["title"]) for row in sorted(listens, key=lambda row: row["listen_id"])
    ] == [
        ("play", track_id(1), None),
        ("play", None, "Elsewhere"),
        ("like", track_id(2), None),
        ("ban", track_id(2), None),
    ]
    assert listens[0]["happened_at"] == NOW
    assert [row["verdict"] for row in rows_of(folder, "verdicts")] == ["ban"]
    recommended = rows_of(folder, "recommendations")
    assert [(row["rank"], row["variant"], row["track_id"], row["outcome"]) for row in recommended] == [
        (1, "b", track_id(2), "like"),
        (2, "b", track_id(1), "play"),
    ]
    entries = [(row["owner"], row["position"], row["track_id"]) for row in rows_of(folder, "playlists")]
    assert entries == [("ann", 0, track_id(2)), ("ann", 1, track_id(1))]
    assert [(row["path"], row["kind"]) for row in rows_of(folder, "failures")] == [("/music/letter.txt", "unsupported")]


@pytest.mark.parametrize("file_format", FileFormat)
def test_formats_have_the_same_rows(library, folder, file_format):
    """Text has nulls, lists and times of the same meaning."""
    written = export(library, folder, Options(format=file_format))

    assert {each.name: each.rows for each in written} == {
        "tracks": 3,
        "features": 2,
        "embeddings": 2,
        "listens": 4,
        "verdicts": 1,
        "recommendations": 2,
        "playlists": 2,
        "comparisons": 1,
        "failures": 1,
    }
    [file] = (folder / "tracks").iterdir()
    if file_format == FileFormat.PARQUET:
        return
    text = file.read_text(encoding="utf-8").splitlines()
    if file_format == FileFormat.CSV:
        rows = list(csv.DictReader(text))
        found = next(row for row in rows if row["title"] == "Ähre")
        assert (json.loads(found["artists"]), found["album_artist"]) == (["Ann", "Bo"], "")
    else:
        found = next(row for row in map(json.loads, text) if row["title"] == "Ähre")
        assert (found["artists"], found["album_artist"]) == (["Ann", "Bo"], None)
    assert datetime.fromisoformat(found["added_at"]).tzinfo is not None


def test_since_leaves_out_what_is_older(library, folder):
    """Of listens by their time, of tracks by when they were added or analysed."""
    export(library, folder, Options(since=NOW + timedelta(hours=1)))

    assert [row["kind"] for row in rows_of(folder, "listens")] == ["ban"]
    assert len(rows_of(folder, "tracks")) == 3  # added by this test
    export(library, folder / "later", Options(since=datetime.now(UTC) + timedelta(hours=1)))
    assert rows_of(folder / "later", "tracks") == rows_of(folder / "later", "features") == []


def test_pseudonyms_are_the_same_in_all_tables(library, folder):
    """And no file contains the name."""
    export(library, folder, Options(format=FileFormat.JSONL, pseudonymise=True))
    lines = {
        name: [json.loads(line) for file in (folder / name).iterdir() for line in file.read_text().splitlines()]
        for name in TABLES
    }

    names = {row["listener"] for row in lines["listens"]} | {row["owner"] for row in lines["playlists"]}
    assert len(names) == 1
    assert "ann" not in names
    assert {row["name"] for row in lines["playlists"]}.isdisjoint({"Mine", None})


def test_an_interrupted_export_continues(library, folder, monkeypatch):
    """Finished tables are kept, the interrupted one is written again, and no half table has the name of a table."""

    def fails(_snapshot, _selected):
        yield [(track_id(1), "test-1", unit_vector(1).tobytes())]
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setitem(TABLES, "embeddings", replace(TABLES["embeddings"], read=fails))
        with pytest.raises(KeyboardInterrupt):
            export(library, folder, Options())
    assert {each.name for each in folder.iterdir()} == {"tracks", "features", "embeddings.part", "export.json"}
    before = (folder / "tracks" / "part-00000.parquet").stat().st_mtime_ns

    export(library, folder, Options())
    assert {each.name for each in folder.iterdir()} == {*TABLES, "export.json"}
    assert (folder / "tracks" / "part-00000.parquet").stat().st_mtime_ns == before
    assert json.loads((folder / "export.json").read_text())["complete"] is True


def test_a_second_export_replaces_the_first(library, folder):
    """Also a table that has become smaller."""
    export(library, folder, Options())
    library.listeners.forget_history("ann")
    export(library, folder, Options())

    assert rows_of(folder, "listens") == []
    assert len(rows_of(folder, "tracks")) == 3


def test_a_folder_with_other_files_is_refused(library, folder):
    """Nothing in it is changed."""
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(InvalidRequest, match="not empty"):
        export(library, folder, Options())
    with pytest.raises(InvalidRequest, match="no table 'songs'"):
        export(library, folder / "new", Options(tables=("songs",)))
    assert [each.name for each in folder.iterdir()] == ["thesis.txt"]


def test_an_export_with_other_options_replaces_all_tables(library, folder):
    """No table of the earlier export stays, which may have the names of listeners."""
    export(library, folder, Options())
    export(library, folder, Options(tables=("listens",), pseudonymise=True))

    assert {each.name for each in folder.iterdir()} == {"listens", "export.json"}


def test_two_exports_into_one_folder_are_refused(library, folder):
    """The second one says so, and the first one ends."""

    def second(_table, _rows):
        with pytest.raises(AlreadyRunning, match="Another export"):
            export(library, folder, Options())

    assert export(library, folder, Options(tables=("listens",)), second)[0].rows == 4


def test_a_file_in_the_way_is_named(library, folder):
    """Without a traceback."""
    folder.write_text("a file")
    with pytest.raises(StorageUnavailable, match=str(folder)):
        export(library, folder, Options())


def test_many_rows_are_split_into_files(library, folder, monkeypatch):
    """Readers take them as one table."""
    monkeypatch.setattr(run, "FILE_ROWS", 1)
    monkeypatch.setattr("services.catalog.exports.BATCH_ROWS", 1)
    export(library, folder, Options(tables=("listens", "tracks")))

    assert len(list((folder / "listens").iterdir())) == 4
    assert len({row["listen_id"] for row in rows_of(folder, "listens")}) == 4
    assert len(rows_of(folder, "tracks")) == 3


def test_an_export_sees_one_moment(library, folder):
    """What is written while it runs is not in it."""
    with library.exports.snapshot() as snapshot:
        assert len([row for rows in snapshot.listens(Selected()) for row in rows]) == 4
        library.listens.add("bob", [NewListen(names=(track_id(1),), at=NOW)])
        assert len([row for rows in snapshot.listens(Selected()) for row in rows]) == 4


def test_columns_have_units_and_ranges(library, folder):
    """In the metadata of the fields, so that a notebook can label axes."""
    export(library, folder, Options())
    schema = pq.read_schema(folder / "features" / "part-00000.parquet")

    assert schema.field("loudness").metadata[b"unit"] == b"LUFS"
    assert schema.field("energy").metadata[b"range"] == b"0 to 1"
    assert [field.name for field in pq.read_schema(folder / "tracks" / "part-00000.parquet")] == [
        column.name for column in TRACKS.columns
    ]
    assert {column.type for table in TABLES.values() for column in table.columns} == set(ColumnType)
