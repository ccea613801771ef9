"""Files as taggers and people leave them: each has the tags that a person would read in it."""

import io
from datetime import UTC, datetime

import mutagen
import numpy as np
import pytest
import soundfile

from services.domain.listening import Description, NewListen
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan, run_scan
from services.ingest.upload import Upload, store_upload
from tests.fakes.queue import RecordingQueue
from tests.fakes.tagged import MBID, PICTURE, frame, id3, synchsafe, text, unsynchronised

SECONDS, RATE = 6, 44100
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def write(path, seed=0, **kind):
    """Write a few notes of music."""
    draw, time = np.random.default_rng(seed), np.arange(SECONDS * RATE) / RATE
    notes = draw.choice((110, 220, 330, 440), SECONDS * 2)[(time * 2).astype(int)]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.2 * np.sin(2 * np.pi * notes * time), RATE, **kind)
    return path


def write_mp3(path, tag, seed=0):
    write(path, seed, format="MP3")
    path.write_bytes(tag + path.read_bytes())
    return path


def retag(path, **tags):
    file = mutagen.File(path)
    file.update({name: [value] for name, value in tags.items()})
    file.save()
    return path


@pytest.fixture
def scanned(sqlite_catalogue, tmp_path):
    """Scan a folder, and return the tracks with files by the names of the files."""

    def scan():
        queue = RecordingQueue()
        folder = str(tmp_path / "music")
        run_scan(sqlite_catalogue, queue, request_scan(sqlite_catalogue, queue, folder))
        known = sqlite_catalogue.library.known_files(folder)
        tracks = {file.track_id: sqlite_catalogue.tracks.get(file.track_id) for file in known.values()}
        return {path.rsplit("/", 1)[1]: tracks[file.track_id] for path, file in known.items()}

    return scan


def test_a_copy_without_tags_hides_none_and_its_name_goes_with_it(scanned, tmp_path):
    """One recording in two files: an album file, and an untagged copy in a folder that sorts behind it."""
    song = retag(
        write(tmp_path / "music/A Original/song.flac"), title="Song", artist="Band", album="Original", date="1975"
    )
    copy = write(tmp_path / "music/Unsorted/track01.flac")
    both = scanned()
    copy.unlink()
    [left] = scanned().values()
    song.unlink()
    write(tmp_path / "music/Hits/track07.flac")
    [other] = scanned().values()

    for track in (both["song.flac"], both["track01.flac"], left):
        assert (track.title, track.artist, track.album, track.year) == ("Song", "Band", "Original", 1975)
    assert (other.id, other.title, other.artist, other.album) == (left.id, "track07", None, None)
    assert other.status == TrackStatus.PENDING


def test_tags_of_a_best_of_go_with_its_file(scanned, tmp_path):
    """A second copy with other, fuller tags: when it is deleted, the track has the tags of what is left."""
    retag(write(tmp_path / "music/Original/song.flac"), title="Song", artist="Band", album="Original")
    hits = retag(
        write(tmp_path / "music/Hits/song 7.flac"), title="Song", artist="Band", album="Hits", genre="Pop", date="1999"
    )
    [albums] = {track.album for track in scanned().values()}
    hits.unlink()
    [left] = scanned().values()

    assert albums == "Hits"
    assert (left.album, left.genre, left.year) == ("Original", None, None)


def test_tags_are_those_of_the_content_whatever_the_suffix(scanned, tmp_path, sqlite_catalogue):
    """Music whose name has the suffix of another format, scanned and uploaded."""
    tag = id3(text("TIT2", "Title") + text("TPE1", "Misnamed"))
    files = [
        write_mp3(tmp_path / "music/an mp3.flac", tag, 1),
        write_mp3(tmp_path / "music/an mp3.wav", tag, 2),
        *(
            retag(write(tmp_path / f"{suffix}.ogg", seed), title="Title", artist="Misnamed").rename(
                tmp_path / f"music/vorbis.{suffix}"
            )
            for seed, suffix in enumerate(("mp3", "flac"), start=3)
        ),
    ]
    for number, file in enumerate(files):
        upload = Upload(io.BytesIO(file.read_bytes()), f"{number}.ogg")
        store_upload(sqlite_catalogue, RecordingQueue(), upload, folder=tmp_path / "uploads", max_bytes=2**20)
    uploads = sqlite_catalogue.library.known_files(str(tmp_path / "uploads")).values()
    uploaded = [sqlite_catalogue.tracks.get(file.track_id) for file in uploads]
    sqlite_catalogue.library.forget_files([file.stamp.path for file in uploads])
    found = scanned()

    assert len(found) == len(uploaded) == 4
    for track in (*found.values(), *uploaded):
        assert (track.title, track.artist) == ("Title", "Misnamed")


def test_unsynchronised_tags_are_read(scanned, tmp_path):
    """UTF-16 texts, frames behind a picture, and frames that are unsynchronised one by one."""
    wide = text("TIT2", "Wide Title", 3, 1) + text("TPE1", "Wide Artist", 3, 1)
    behind = frame("APIC", b"\0image/jpeg\0\x03\0" + PICTURE, 3) + text("TIT2", "Latin", 3, 0) + text("TPE1", "A", 3, 0)
    single = b"".join(
        frame(name, synchsafe(len(body)) + unsynchronised(body), flags=b"\0\3")
        for name, body in (("TIT2", b"\1" + "Four".encode("utf-16")), ("TPE1", b"\1" + "B".encode("utf-16")))
    )
    write_mp3(tmp_path / "music/1.mp3", id3(unsynchronised(wide), 3, 0x80), 1)
    write_mp3(tmp_path / "music/2.mp3", id3(unsynchronised(behind), 3, 0x80), 2)
    write_mp3(tmp_path / "music/3.mp3", id3(single, 4, 0x80), 3)
    found = scanned()

    assert [(found[name].title, found[name].artist) for name in ("1.mp3", "2.mp3", "3.mp3")] == [
        ("Wide Title", "Wide Artist"),
        ("Latin", "A"),
        ("Four", "B"),
    ]


def test_identifiers_lead_to_the_track_in_their_plain_form(scanned, tmp_path, sqlite_catalogue):
    """The owner's frame of MusicBrainz, ISRCs with hyphens in both cases, a UUID in capitals."""
    owner = frame("UFID", b"http://musicbrainz.org\0" + MBID.encode())
    write_mp3(tmp_path / "music/owner.mp3", id3(text("TIT2", "Owner") + text("TSRC", "US-RC1-76-07809") + owner), 1)
    upper = retag(write(tmp_path / "music/upper.flac", 2), title="Upper", isrc="gb-aye-06-01498")
    retag(upper, musicbrainz_trackid="AAAAAAAA-2222-4333-8444-555555555511")
    names = {
        f"mbid:{MBID}": "owner.mp3",
        "isrc:USRC17607809": "owner.mp3",
        "mbid:aaaaaaaa-2222-4333-8444-555555555511": "upper.flac",
        "isrc:GBAYE0601498": "upper.flac",
    }
    found = scanned()
    described = Description(artist="Other", title="Words")
    listens = [NewListen(names=(name,), described=described, at=NOON) for name in names]
    recorded = sqlite_catalogue.listens.add("ada", listens)

    wanted = [found[file].id for file in names.values()]
    assert [each.track_id for each in recorded] == wanted
    assert list(sqlite_catalogue.tracks.resolve(names).values()) == wanted
