"""Hostile pictures, links and keys: a cover is a picture of the library, decoded in the sandbox, or a drawing."""

import io
import os
import struct
import zlib

import pytest
import soundfile
from PIL import Image
from structlog.testing import capture_logs

from services.covers.files import CoverFiles, CoverSize
from services.ingest.covers import NOTHING, UNREADABLE
from services.settings import Settings
from tests.fakes.covers import BLUE, GREEN, RED, colour_of, embed, jpeg, write_beside
from tests.fakes.library import record, register, track_id, write_tone
from tests.fakes.queue import RecordingQueue
from workers import covers
from workers.covers import MAX_ATTEMPTS, look_for_cover
from workers.lifecycle import ChildContext

SHORT = "cover_refused"


@pytest.fixture
def music(tmp_path):
    """A library root with a private folder next to it."""
    for name in ("music", "private"):
        (tmp_path / name).mkdir()
    return tmp_path / "music"


@pytest.fixture
def context(catalogue, tmp_path, music):
    """The context of a worker, in whose installation only `music` may be read."""
    return ChildContext(Settings(data_dir=tmp_path / "data", library_roots=(str(music),)), catalogue, RecordingQueue())


@pytest.fixture
def song(catalogue, music):
    """The id of a track that was just analysed."""
    return analysed(catalogue, write_tone(music / "song.wav", 300), 1)


def analysed(catalogue, path, number):
    register(catalogue, path, number)
    record(catalogue, track_id(number), number)
    return track_id(number)


def looked(context, song):
    """Look for the cover of a track; return the picture or None, and the reasons in the log."""
    with capture_logs() as logs:
        look_for_cover(context, song)
    assert song not in context.catalogue.covers.due(10)
    [face] = context.catalogue.covers.faces([song])
    assert face.is_settled
    reasons = [(log["where"], log["reason"]) for log in logs if log["event"] == SHORT]
    if face.cover is None:
        return None, reasons
    return CoverFiles(context.settings.covers_path).path(face.cover, CoverSize.TILE).read_bytes(), reasons


def test_the_picture_in_the_file_goes_before_the_one_beside_it(context, catalogue, music):
    """And the one beside it serves when the one inside is broken, with a line in the log."""
    path = embed(write_tone_flac(music / "a" / "song.flac"), jpeg(RED))
    write_beside(path.parent, "cover.png", BLUE)
    broken = embed(write_tone_flac(music / "b" / "song.flac"), b"\xff\xd8\xff" + b"no picture" * 9)
    write_beside(broken.parent, "Folder.JPG", GREEN)

    whole, nothing_logged = looked(context, analysed(catalogue, path, 1))
    beside, reasons = looked(context, analysed(catalogue, broken, 2))

    assert (colour_of(whole), nothing_logged) == (RED, [])
    assert colour_of(beside) == GREEN
    assert [where for where, _ in reasons] == ["inside"]


def write_tone_flac(path):
    path.parent.mkdir(parents=True)
    data, rate = soundfile.read(write_tone(path.with_suffix(".wav"), 300))
    soundfile.write(path, data, rate)
    return path


def test_a_cover_is_stored_in_three_sizes_and_once(context, catalogue, music):
    """Two tracks of a folder share it. It is not enlarged, and its shape stays."""
    write_beside(music, "front.webp", BLUE)
    songs = [analysed(catalogue, write_tone(music / f"{number}.wav", 300 + number), number) for number in (1, 2)]
    for song in songs:
        looked(context, song)
    first, second = context.catalogue.covers.faces(songs)
    files = CoverFiles(context.settings.covers_path)

    sizes = [Image.open(files.path(first.cover, size)).size for size in CoverSize]
    assert first.cover == second.cover
    assert sizes == [(96, 96), (320, 320), (400, 400)]
    assert len([path for path in context.settings.covers_path.rglob("*") if path.is_file()]) == 3


def bomb():
    """Return a PNG of 60,000 × 60,000 pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def svg():
    return b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


def truncated():
    return jpeg(RED)[:400]


def tiff():
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, "TIFF")
    return written.getvalue()


@pytest.mark.parametrize("content", [bomb, svg, truncated, tiff, bytes])
def test_a_hostile_picture_gives_no_cover(context, song, music, content):
    """The log has the reason, the track stays ready and nothing is stored."""
    (music / "cover.jpg").write_bytes(content())

    picture, reasons = looked(context, song)

    assert picture is None
    assert [where for where, _ in reasons] == ["beside"]
    assert context.catalogue.tracks.get(song).status == "ready"
    assert not context.settings.covers_path.exists()


def test_a_large_picture_is_not_read(context, song, music, monkeypatch):
    """The worker reads a bounded number of bytes."""
    monkeypatch.setattr(covers, "MAX_BYTES", 1000)
    write_beside(music, "cover.png", RED)
    (music / "cover.png").write_bytes((music / "cover.png").read_bytes() + bytes(1000))

    assert looked(context, song)[0] is None


@pytest.mark.parametrize("target", ["../private/secret.jpg", "/etc/hostname"])
def test_a_link_out_of_the_library_is_not_followed(context, song, music, target):
    """Neither to a picture of another folder nor to any other file."""
    write_beside(music.parent / "private", "secret.jpg", RED)
    (music / "cover.jpg").symlink_to(target)

    picture, reasons = looked(context, song)

    assert picture is None
    assert reasons == [("beside", "The file lies outside the library")]


def test_a_folder_that_is_a_link_is_not_followed(context, catalogue, music):
    """A track whose folder was replaced by a link has no cover."""
    path = write_tone(music / "album.wav", 300)
    folder = music / "album"
    folder.mkdir()
    song = analysed(catalogue, path.rename(folder / "song.wav"), 1)
    write_beside(music.parent / "private", "cover.jpg", RED)
    (folder / "song.wav").rename(music.parent / "private" / "song.wav")
    folder.rmdir()
    folder.symlink_to(music.parent / "private")

    assert looked(context, song) == (None, [])


def test_pipes_and_folders_are_not_read(context, catalogue, music):
    """Opening a pipe does not block."""
    for number, make in enumerate((os.mkfifo, os.mkdir)):
        folder = music / str(number)
        folder.mkdir()
        make(folder / "cover.jpg")
        song = analysed(catalogue, write_tone(folder / "song.wav", 300 + number), number)

        picture, reasons = looked(context, song)

        assert picture is None
        assert [where for where, _ in reasons] == ["beside"]


def test_a_picture_that_kills_its_worker_is_given_up(context, song):
    """Three searches that never ended are enough; a scan looks again."""
    for _ in range(MAX_ATTEMPTS):
        assert context.catalogue.covers.begin(song) is not None
    with capture_logs() as logs:
        look_for_cover(context, song)

    assert "cover_given_up" in [log["event"] for log in logs]
    assert context.catalogue.covers.due(10) == []


def test_a_file_that_cannot_be_read_is_looked_at_again_by_a_scan(context, song, music):
    """The disk may be away: its tracks do not lose their cover for good."""
    (music / "song.wav").unlink()
    look_for_cover(context, song)

    [known] = context.catalogue.library.known_files(str(music)).values()
    assert known.cover_seen == UNREADABLE != NOTHING


def test_a_cover_needs_a_key_with_the_scope_read(locked, key_for):
    """Wrong scopes get 403, and no key 401; covers do not count against the rate limit."""
    path = f"/v1/tracks/{track_id(1)}/cover"

    assert locked.get(path).status_code == 401
    assert locked.get(path, headers=key_for("ingest", "listen")).status_code == 403
    assert locked.get(path, headers=key_for("read")).status_code == 200


def test_a_media_token_opens_covers_until_its_key_is_revoked(locked, services, key_for):
    """As it opens audio."""
    headers = key_for("read")
    token = locked.post("/v1/media-tokens", headers=headers).json["token"]
    path = f"/v1/tracks/{track_id(1)}/cover?size=96&token={token}"

    assert locked.get(path).status_code == 200
    services.catalogue.keys.revoke(token.partition(".")[0])
    assert locked.get(path).status_code == 401


def test_covers_do_not_count_against_the_rate_limit(client_with, key_for):
    """A page with a hundred covers must not exhaust it."""
    client, headers = client_with(rate_limit=2), key_for("read")
    found = [client.get(f"/v1/tracks/test:{number}/cover", headers=headers).status_code for number in range(5)]

    assert found == [200] * 5
    assert [client.get("/v1/tracks", headers=headers).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("size", ["0", "97", "640.5", "../96", "99999999999999999999"])
def test_other_sizes_are_refused(api, size):
    """With 422, before any file is read."""
    assert api.get("/v1/tracks/test:1/cover", query_string={"size": size}).status_code == 422
