"""Measured values are written into real files of each format, or refused; nothing else changes in a file."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import mutagen
import mutagen.id3
import pytest
from mutagen.id3 import APIC, COMM, GEOB, ID3, POPM, TCON, TIT2, TPE1, TXXX, UFID, USLT

from services.catalog.files import MeasuredFile
from services.catalog.library import FileStamp
from services.domain.notation import MAJOR, MINOR, Notation, key_text
from services.domain.track import Analysis
from services.ingest.identity import identify
from services.ingest.tags import picture_inside, read_tags
from services.writeback.copies import NotWritten
from services.writeback.replacing import write_into, write_sidecar
from services.writeback.tables import write_table
from services.writeback.values import Choice, Values
from tests.conftest import missing
from tests.fakes.encoded import FORMATS, missing_encoders, write_source
from tests.fakes.library import open_catalogue, unit_vector

PICTURE = b"\xff\xd8\xff\xe0 picture"
BPM_AND_KEY = Choice(frozenset({"bpm", "key"}))
ALL = Choice(frozenset({"bpm", "key", "mood"}))
ALL_FORMATS = {form.name: form for form in FORMATS}
WRITTEN = (
    *("MP3 by lame", "FLAC by flac", "FLAC", "Opus by opusenc", "Vorbis", "FLAC in Ogg", "WavPack"),
    "AAC in Matroska",
    "Opus in WebM",
    "True Audio",
    "AAC, raw (ADTS)",
    "MP2",
    "WMA 2",
    "AIFF",
)
BPM_ONLY = ("AAC in M4A", "ALAC in M4A")
REFUSED = ("DSF", "WAV", "Musepack SV8")


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """Return a function that copies a file of a format into a folder; each is encoded once."""
    if names := missing_encoders():
        missing(f"the encoders {', '.join(names)}")
    folder = tmp_path_factory.mktemp("encoded")
    source = write_source(folder / "source.wav")

    def copied(name: str, to: Path) -> Path:
        form = ALL_FORMATS[name]
        path = folder / form.file
        if not path.exists():
            form.encode(source, folder)
        to.mkdir(exist_ok=True)
        (to / form.file).write_bytes(path.read_bytes())
        return to / form.file

    return copied


def measured(path: Path, **values: object) -> MeasuredFile:
    """A file with a tempo of 127.6, the key A minor, and the mood "calm, sad"."""
    found = {"title": "Song", "artist": "Band", "album": "Disc", "genre": "Rock", "year": 1999, "duration_ms": 7000}
    found |= {"tempo": 127.6, "tempo_confidence": 0.8, "key": 9, "key_confidence": 0.6, "mode": 0}
    found |= {"mode_confidence": 0.4, "energy": 0.2, "valence": 0.3}
    return MeasuredFile("track", str(path), str(path.parent), **(found | values))


def state(path: Path) -> tuple[object, ...]:
    """Return what must stay in a file: its identity, its other tags, its picture."""
    with path.open("rb") as stream:
        tags = read_tags(stream, fallback_title="")
        return identify(stream).track_id, tags.title, tags.artists, tags.genres, tags.ids, picture_inside(stream)


@pytest.mark.parametrize("name", WRITTEN)
def test_values_are_written_into_files(encoded, tmp_path, name):
    """Tempo, key and mood are in the tags afterwards, and the audio, other tags and permissions are as before."""
    path = encoded(name, tmp_path)
    tags = mutagen.File(path, easy=True)
    if tags is not None and path.suffix not in {".wv", ".aiff", ".aac"}:  # no easy tags
        tags["title"] = ["Žluť"]
        tags.save()
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    before = state(path)

    done = write_into(measured(path), ALL, None)

    with path.open("rb") as stream:
        found = read_tags(stream, fallback_title="")
    assert (found.bpm, found.key) == (128, "Am")
    assert done.values == Values("128", "Am", "calm, sad")
    assert "calm, sad".encode("utf-16-le" if path.suffix == ".wma" else "utf-8") in path.read_bytes()
    assert state(path) == before
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_mtime > 1_000
    assert list(tmp_path.iterdir()) == [path]
    assert write_into(measured(path, tempo=99.0), ALL, None) is None  # it has them


@pytest.mark.parametrize("name", BPM_ONLY)
def test_mp4_has_a_place_for_the_tempo_only(encoded, tmp_path, name):
    """The tempo is written, the key is reported as left out, and a key alone is refused."""
    path = encoded(name, tmp_path)
    before, content = state(path), path.read_bytes()

    with pytest.raises(NotWritten, match="no place for these values: use --sidecar"):
        write_into(measured(path), Choice(frozenset({"key"})), None)
    assert path.read_bytes() == content

    done = write_into(measured(path), ALL, None)

    assert (done.values, done.left_out) == (Values("128"), ("key", "mood"))
    with path.open("rb") as stream:
        assert read_tags(stream, fallback_title="").bpm == 128
    assert state(path) == before


@pytest.mark.parametrize("name", REFUSED)
def test_other_formats_are_left_alone(encoded, tmp_path, name):
    """A format without a place for the values is refused, and nothing is left beside the file."""
    path = encoded(name, tmp_path)
    content = path.read_bytes()

    with pytest.raises(NotWritten, match="use --sidecar"):
        write_into(measured(path), BPM_AND_KEY, None)

    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("padding", [0, 4000])
def test_every_other_frame_of_an_id3_tag_stays(encoded, tmp_path, version, padding):
    """Ratings, cue points, second values, lyrics, comments and pictures stay byte by byte."""
    path = encoded("MP3 by lame", tmp_path)
    tag = ID3()
    frames = [TIT2(3, ["Title"]), TPE1(3, ["A", "B"]), TCON(3, ["Rock", "Pop"]), COMM(3, "eng", "", ["words"])]
    frames += [TXXX(3, "ACOUSTID", ["a", "b"]), POPM("me", 196, 3), GEOB(3, "a/b", "f", "Serato Markers_", b"\0\1")]
    frames += [UFID("http://musicbrainz.org", b"x" * 36), USLT(3, "eng", "", "la")]
    frames += [APIC(0, "image/jpeg", 3, "", PICTURE)]
    for frame in frames:
        tag.add(frame)
    tag.save(path, v2_version=version, padding=lambda _: padding, v1=2)
    before, audio = state(path), path.read_bytes()[path.read_bytes().index(PICTURE) + len(PICTURE) :].lstrip(b"\0")

    write_into(measured(path), ALL, None)
    write_into(measured(path, tempo=90.0, key=0), Choice(frozenset({"bpm", "key", "mood"}), overwrite=True), None)

    found = ID3(path, translate=False)
    assert {key: str(found[key]) for key in ("TBPM", "TKEY")} == {"TBPM": "90", "TKEY": "Cm"}
    assert str(found.get("TMOO") or found.get("TXXX:MOOD")) == "calm, sad"
    assert found.version[1] == version
    for frame in frames:
        assert found.getall(frame.HashKey) == [frame] if version == 4 else found.getall(frame.HashKey)
    assert state(path) == before
    assert path.read_bytes().endswith(audio)
    assert path.read_bytes()[-128:].startswith(b"TAG")


def test_comments_of_the_same_meaning_are_replaced(encoded, tmp_path):
    """A FLAC has one tempo and one key afterwards; its other comments, also repeated ones, and its picture stay."""
    path = encoded("FLAC by flac", tmp_path)
    file = mutagen.File(path)
    file["artist"] = ["A", "B"]
    file["key"], file["bpm"] = ["8A"], ["77"]
    picture = mutagen.flac.Picture()
    picture.type, picture.data = 3, PICTURE
    file.add_picture(picture)
    file.save()
    before = state(path)

    write_into(measured(path), Choice(frozenset({"bpm", "key"}), Notation.OPEN_KEY, overwrite=True), None)

    found = mutagen.File(path)
    assert dict(found.tags.as_dict()) == {"artist": ["A", "B"], "bpm": ["128"], "initialkey": ["1m"]}
    assert state(path) == before
    subprocess.run(["flac", "--silent", "--test", path], check=True)


def test_a_copy_that_would_lose_something_is_dropped(encoded, tmp_path):
    """ffmpeg joins the two artists of an Opus file into one: the file is left as it is."""
    path = encoded("Opus by opusenc", tmp_path)
    file = mutagen.File(path)
    file["artist"] = ["A", "B"]
    file.save()
    content = path.read_bytes()

    with pytest.raises(NotWritten, match="use --sidecar"):
        write_into(measured(path), BPM_AND_KEY, None)

    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_outside_the_library_is_written(encoded, tmp_path):
    """A link out of the library, another root and a missing file are refused, for tags and for sidecars."""
    outside = encoded("MP3 by lame", tmp_path / "outside")
    content = outside.read_bytes()
    inside = tmp_path / "music"
    inside.mkdir()
    (inside / "link.mp3").symlink_to(outside)
    for write in (write_into, write_sidecar):
        for file, roots in (
            (measured(inside / "link.mp3"), None),
            (measured(outside), (str(inside),)),
            (measured(inside / "gone.mp3"), None),
        ):
            with pytest.raises(NotWritten, match="cannot be read"):
                write(file, BPM_AND_KEY, roots)

    assert outside.read_bytes() == content
    assert list(outside.parent.iterdir()) == [outside]
    assert list(inside.iterdir()) == [inside / "link.mp3"]


def test_a_file_that_changes_meanwhile_is_left_alone(encoded, tmp_path, monkeypatch):
    """A change of the file while its copy is checked keeps the copy from replacing it."""
    path = encoded("MP3 by lame", tmp_path)
    original = os.fsync

    def changed(descriptor: int) -> None:
        original(descriptor)
        with path.open("ab") as stream:
            stream.write(b"TAG" + bytes(125))

    monkeypatch.setattr(os, "fsync", changed)

    with pytest.raises(NotWritten, match="changed meanwhile"):
        write_into(measured(path), BPM_AND_KEY, None)

    assert path.read_bytes().endswith(bytes(125))
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_file_has_is_kept(encoded, tmp_path):
    """Only what is missing is written, and a dry run says what that would be."""
    path = encoded("MP3 by lame", tmp_path)
    tag = ID3()
    tag.add(mutagen.id3.TKEY(3, ["F#m"]))
    tag.save(path)

    content = path.read_bytes()
    assert write_into(measured(path), ALL, None, dry_run=True).values == Values(bpm="128", mood="calm, sad")
    assert path.read_bytes() == content

    write_into(measured(path), BPM_AND_KEY, None)

    assert str(ID3(path)["TKEY"]) == "F#m"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"tempo_confidence": 0.05, "key_confidence": 0.05}, Values(mood="calm, sad")),
        ({"key": -1, "energy": 0.5, "valence": 0.5}, Values(bpm="128")),
        ({"tempo": None, "mode": 1, "energy": 0.9, "valence": 0.7}, Values(key="A", mood="energetic, happy")),
    ],
)
def test_unsure_values_are_left_out(values, expected):
    """A low confidence, no tonic, and energy and valence in the middle give no value."""
    choice = Choice(frozenset({"bpm", "key", "mood"}), min_confidence=0.1)

    assert choice.values_of(measured(Path("x.mp3"), **values)) == expected


def test_notations_of_keys():
    """The notations agree with the published wheels at known keys, and name 24 keys each."""
    wheel = {"Am": ("8A", "1m"), "C": ("8B", "1d"), "G": ("9B", "2d"), "Abm": ("1A", "6m"), "B": ("1B", "6d")}
    wheel |= {"F": ("7B", "12d"), "Dm": ("7A", "12m"), "F#m": ("11A", "4m"), "Dbm": ("12A", "5m"), "E": ("12B", "5d")}
    for mode, names in ((1, MAJOR), (0, MINOR)):
        for key, name in enumerate(names):
            if name in wheel:
                assert (key_text(key, mode, Notation.CAMELOT), key_text(key, mode, Notation.OPEN_KEY)) == wheel[name]
    for notation in Notation:
        assert len({key_text(key, mode, notation) for key in range(12) for mode in (0, 1)}) == 24


def test_the_table_has_every_notation():
    """Commas and quotes are quoted, and paths that are not UTF-8 are readable."""
    target = io.StringIO()
    rows = [measured(Path('/music/a, "b".mp3'), title='A, "B"')]
    rows += [measured(Path(os.fsdecode(b"/music/\xff.mp3")), key=None)]

    assert write_table(rows, target, 0.1) == 2

    names, first, second = list(csv.reader(io.StringIO(target.getvalue())))
    found = dict(zip(names, first, strict=True))
    assert found["Track Title"] == 'A, "B"'
    assert [found[name] for name in ("BPM", "Key", "Camelot", "Open Key")] == ["127.6", "Am", "8A", "1m"]
    assert (found["Time"], found["Location"]) == ("0:07", '/music/a, "b".mp3')
    assert dict(zip(names, second, strict=True))["Camelot"] == ""


@pytest.fixture
def segue(encoded, tmp_path):
    """Run `segue tag` on a library with an analysed MP3 and an analysed WAV."""
    music, data = tmp_path / "music", tmp_path / "data"
    data.mkdir()
    files = [encoded("MP3 by lame", music), encoded("WAV", music)]
    with open_catalogue(data) as catalogue:
        for number, file in enumerate(files):
            with file.open("rb") as stream:
                track = identify(stream).track_id
                tags = read_tags(stream, fallback_title=file.stem)
            found = file.stat()
            catalogue.library.register(track, tags, FileStamp(str(file), str(music), found.st_size, found.st_mtime_ns))
            catalogue.analyses.record(track, analysis(number))

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [Path(sys.executable).with_name("segue"), "tag", *map(str, arguments)],
            env=os.environ | {"SEGUE_DATA_DIR": str(data), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == code, ran.stderr
        return ran

    run.music, run.data = music, data
    return run


def analysis(number: int) -> Analysis:
    """An analysis with a tempo of 120 and the key C major."""
    found = {"tempo": 120.0, "key": 0, "mode": 1}
    found |= {f"{name}_confidence": 0.9 for name in tuple(found)}
    attributes = {"energy": 0.1, "valence": 0.9}
    return Analysis(
        embedding=unit_vector(number),
        dispersion=0.1,
        attributes=attributes,
        descriptors=found,
        tags={},
        model_version="test-1",
    )


def test_the_command_writes_and_reports(segue):
    """A dry run writes nothing; then one file is written and the other is refused with a reason."""
    mp3, wav = segue.music / "lame.mp3", segue.music / "pcm.wav"
    before = {path: path.read_bytes() for path in (mp3, wav)}
    planned = json.loads(segue(segue.music, "--bpm", "--key", "--mood", "--dry-run", "--json", code=1).stdout)

    assert planned["dry_run"]
    assert planned["written"] == [{"path": str(mp3), "bpm": "120", "key": "C", "mood": "calm, happy", "left_out": []}]
    assert [row["path"] for row in planned["refused"]] == [str(wav)]
    assert {path: path.read_bytes() for path in (mp3, wav)} == before

    done = segue(segue.music, "--bpm", "--key", "--notation", "camelot", code=1).stdout

    assert f"{mp3}: 120, 8B" in done
    assert f"{wav}: not written. Segue does not write tags into WAV files: use --sidecar." in done
    assert wav.read_bytes() == before[wav]
    with open_catalogue(segue.data) as catalogue:
        (found,) = catalogue.tracks.get_many([identify(mp3.open("rb")).track_id]).values()
        known = catalogue.library.known_files(str(segue.music))[str(mp3)]
    assert (found.tag_bpm, found.tag_key, found.status) == (120, "8B", "ready")
    assert known.stamp.size == mp3.stat().st_size
    assert known.stamp.mtime_ns == mp3.stat().st_mtime_ns


def test_the_command_writes_sidecars_and_tables(segue):
    """Sidecars have every notation, and the table every analysed file; both leave the audio files alone."""
    audio = [segue.music / "lame.mp3", segue.music / "pcm.wav"]
    before = [path.read_bytes() for path in audio]
    segue(segue.music, "--bpm", "--key", "--mood", "--sidecar")
    table = segue("--csv", "-").stdout

    assert json.loads((segue.music / "pcm.wav.segue.json").read_text()) == {
        "bpm": 120.0,
        "key": "C",
        "mood": "calm, happy",
        "camelot": "8B",
        "open_key": "1d",
    }
    assert [row["Camelot"] for row in csv.DictReader(io.StringIO(table))] == ["8B", "8B"]
    assert [path.read_bytes() for path in audio] == before


def test_the_command_needs_a_place_and_a_field(segue):
    """Without a path or a field nothing is written, and a folder outside the library is named."""
    segue("--bpm", code=2)
    segue(segue.music, code=2)

    assert "has no analysed files" in segue("/nowhere", "--bpm", code=1).stderr
