"""A parser that fails in an unexpected way costs one file, never a scan, and an upload is answered."""

import io

import pytest

from models.containers import recognise
from services.domain.errors import AudioNotRead
from services.domain.failure import FailureKind
from services.ingest.scan import request_scan, run_scan
from services.ingest.tags import vorbis
from services.ingest.upload import Upload, store_upload
from tests.fakes.installation import write_song
from tests.fakes.queue import RecordingQueue


@pytest.fixture
def song(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return write_song(folder / "b.flac")


def scan(catalogue, folder):
    queue = RecordingQueue()
    job_id = request_scan(catalogue, queue, str(folder))
    run_scan(catalogue, queue, job_id)
    return queue, job_id


def test_a_scan_goes_on_after_a_defect_of_a_container_parser(catalogue, song, monkeypatch):
    """The file is a failure of the kind "defect", and the others are tracks."""
    for name in ("a", "c"):
        write_song(song.with_name(f"{name}.wav"), seed=ord(name))
    monkeypatch.setattr(recognise, "MAX_BLOCKS", None)  # a defect: the parser of FLAC raises a TypeError
    queue, _ = scan(catalogue, song.parent)
    [failure] = catalogue.failures.page()

    assert len(queue.analyses) == 2
    assert (failure.path, failure.kind) == (str(song), FailureKind.DEFECT)
    assert "TypeError" in failure.reason


def test_a_file_whose_tags_make_the_parser_fail_has_its_name_as_title(catalogue, song, monkeypatch):
    """The audio can be used without them."""
    monkeypatch.setattr(vorbis, "MAX_BLOCKS", None)
    queue, _ = scan(catalogue, song.parent)

    assert catalogue.tracks.get(queue.analyses[0]).title == "b"


def test_an_upload_that_makes_a_parser_fail_is_refused_and_leaves_nothing(catalogue, song, tmp_path, monkeypatch):
    """With tags that make it fail, it is a track with the name of the file."""

    def upload():
        sent = Upload(io.BytesIO(song.read_bytes()), "name.flac")
        store_upload(catalogue, queue, sent, folder=tmp_path / "uploads", max_bytes=10**7)

    queue = RecordingQueue()
    monkeypatch.setattr(recognise, "MAX_BLOCKS", None)
    with pytest.raises(AudioNotRead, match="TypeError"):
        upload()
    assert list((tmp_path / "uploads").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(vorbis, "MAX_BLOCKS", None)
    upload()

    assert catalogue.tracks.get(queue.analyses[0]).title == "name"
