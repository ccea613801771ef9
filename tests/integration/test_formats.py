"""Every audio format is recognised, tagged, identified and decoded, as the table in docs/formats.md says.

Run as a program, this file rewrites that table: `python -m tests.integration.test_formats`.
"""

import io
import shutil
import tempfile
import tracemalloc
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutagen
import pytest

from models.audio.decode import read_windows
from models.containers.recognise import recognise
from models.errors import AnalysisError
from models.sandbox import decoder
from services.domain.track import MEDIA_TYPES
from services.ingest.formats import declared_duration
from services.ingest.identity import identify
from services.ingest.tags import read_tags
from tests.conftest import missing
from tests.fakes.encoded import COPIED, FORMATS, SECONDS, TAGGED, Format, ffmpeg, missing_encoders, retag, write_source

BY_NAME = {each.name: each for each in FORMATS}
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\xff\xf1\x50\x80wvpkmoov" * 8000


DOCS = Path(__file__).parents[2] / "docs" / "formats.md"
TABLE_HEAD = (
    "| format | recognised as | ffmpeg's demuxer | suffix | title read | id kept | decoded by |\n"
    "|---|---|---|---|---|---|---|\n"
)
NOT_DECODED = {"Monkey's Audio": "ffmpeg (not run)"}  # nothing here writes frames of it


def track_id(path: Path) -> str:
    with path.open("rb") as stream:
        return identify(stream).track_id


def title(path: Path) -> str:
    with path.open("rb") as stream:
        return read_tags(stream, fallback_title="none").title


@dataclass(frozen=True, slots=True)
class Samples:
    """Files of all formats in a folder, each made when it is first used."""

    folder: Path

    def path(self, form: Format) -> Path:
        """Return the file as its encoder wrote it."""
        path = self.folder / form.file
        if not path.exists():
            source = self.folder / "source.wav"
            form.encode(source if source.exists() else write_source(source), self.folder)
        return path

    def retagged(self, form: Format) -> Path:
        """Return a copy with tags by mutagen."""
        path = self.folder / "mutagen" / form.file
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            shutil.copy(self.path(form), path)
            retag(path, "By mutagen", PICTURE)
        return path

    def copied(self, form: Format) -> Path:
        """Return the packets in a file that ffmpeg wrote, with tags."""
        path = self.folder / "ffmpeg" / form.file
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            options = {"rm": ("-f", "rm"), "aifc": ("-f", "aiff"), "spx": ("-f", "ogg")}.get(path.suffix[1:], ())
            ffmpeg("-i", self.path(form), "-c", "copy", "-metadata", "title=By ffmpeg", *options, path)
        return path

    def row(self, form: Format) -> str:
        """Return the format's row of the table in the documentation."""
        path = self.path(form)
        with path.open("rb") as stream:
            container = recognise(stream)
        written = {}
        if form in TAGGED:
            written["retagged"] = self.retagged(form)
        if form in COPIED:
            written["copied"] = self.copied(form)
        titles = [title(each).removeprefix("By ") for each in written.values()]
        kept = [how for how, each in written.items() if track_id(each) == track_id(path)]
        cells = (
            form.name,
            container.name,
            f"`{container.demuxer}`",
            f"`{container.suffix}`",
            ", ".join(each for each in titles if each != "none") or "–",
            ", ".join(kept) or "–",
            NOT_DECODED.get(form.name) or decoded_by(path),
        )
        return f"| {' | '.join(cells)} |\n"

    def table(self) -> str:
        """Return the table in the documentation."""
        return TABLE_HEAD + "".join(self.row(form) for form in FORMATS)


def decoded_by(path: Path) -> str:
    """Decode a file and return by what it was decoded; its length must be that of the source."""
    try:
        windows, program = read_windows(path), "libsndfile"
    except AnalysisError:
        windows, program = decoder.read_windows(path), "ffmpeg"
    assert windows.duration == pytest.approx(SECONDS, abs=0.5), path.name
    return program


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    if lacking := missing_encoders():
        missing(", ".join(lacking))
    return Samples(tmp_path_factory.mktemp("encoded"))


@pytest.fixture
def encode(samples: Samples, tmp_path: Path) -> Callable[[Format], Path]:
    """Write a file of a format, or copy the one that an earlier test wrote."""
    return lambda form: Path(shutil.copy(samples.path(form), tmp_path / form.file))


@pytest.fixture(params=FORMATS, ids=lambda form: form.name)
def form(request: pytest.FixtureRequest) -> Format:
    return request.param


def test_the_content_decides_the_format(form, encode):
    """A file of each format is recognised without its name."""
    with encode(form).open("rb") as stream:
        assert recognise(stream).name == form.container


@pytest.mark.parametrize("form", TAGGED, ids=lambda form: form.name)
def test_retagging_with_mutagen_keeps_the_track_id(form, samples):
    """Title, long lyrics and a cover come and go without another id, wherever mutagen writes them."""
    path = samples.retagged(form)
    retagged = track_id(path)
    without_tags = Path(shutil.copy(path, path.with_stem("deleted")))
    mutagen.File(without_tags).delete()

    assert retagged == track_id(samples.path(form))
    assert track_id(without_tags) == retagged


@pytest.mark.parametrize("form", COPIED, ids=lambda form: form.name)
def test_copying_the_packets_keeps_the_track_id(form, samples):
    """`ffmpeg -c copy` with other tags writes the same packets into another file."""
    assert track_id(samples.copied(form)) == track_id(samples.path(form))


def test_one_changed_byte_of_the_sound_is_another_track(form, encode):
    """The hash covers the packets behind the middle of the file."""
    path = encode(form)
    before = track_id(path)
    content = bytearray(path.read_bytes())
    content[len(content) * 5 // 8] ^= 0x10
    path.write_bytes(content)

    assert track_id(path) != before


def test_moved_and_renamed_files_keep_the_track_id(encode, tmp_path):
    """Neither folder nor suffix count."""
    path = encode(BY_NAME["AAC in M4A"])
    before = track_id(path)
    moved = path.rename(tmp_path / "song.mp3")

    assert track_id(moved) == before


def test_equal_packets_have_one_id(encode):
    """AAC is one track as M4A, with `moov` at either end, in fragments, raw, and in Matroska; so are other codecs."""
    ids = defaultdict(set)
    for form in FORMATS:
        if form.packets:
            ids[form.packets].add(track_id(encode(form)))

    assert {packets: len(found) for packets, found in ids.items()} == dict.fromkeys(ids, 1)
    assert len(set.union(*ids.values())) == len(ids)


@pytest.mark.parametrize(
    ("options", "target"),
    [
        (("-movflags", "faststart"), "song.m4a"),
        (("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "300000"), "song.m4a"),
        ((), "song.aac"),
        ((), "song.mov"),
        ((), "song.mka"),
    ],
    ids=["faststart", "fragments", "ADTS", "QuickTime", "Matroska"],
)
@pytest.mark.parametrize("name", ["AAC in M4A", "AAC in fragmented MP4"])
def test_remuxed_m4a_is_the_same_track(encode, tmp_path, name, options, target):
    """Tools that stream, repair or convert M4A files without encoding never fork a track."""
    path = encode(BY_NAME[name])
    remuxed = tmp_path / target
    ffmpeg("-i", path, "-c", "copy", *options, remuxed)

    assert track_id(remuxed) == track_id(path)


def test_a_cover_or_chapters_in_an_m4a_are_other_streams(encode, tmp_path):
    """A picture that ffmpeg attaches and the chapters of an audiobook do not change the id."""
    path = encode(BY_NAME["AAC in M4A"])
    picture, chapters = tmp_path / "cover.png", tmp_path / "chapters.txt"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", picture)
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=One\n")
    book = tmp_path / "book.m4b"
    inputs = ("-i", picture, "-i", path, "-i", chapters)
    ffmpeg(
        *inputs, "-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", "-disposition:0", "attached_pic", book
    )

    assert book.stat().st_size > path.stat().st_size
    assert track_id(book) == track_id(path)


def test_films_are_known_by_their_sound(encode, tmp_path):
    """A video track beside the sound changes nothing, in each container that has both."""
    path = encode(BY_NAME["MP3"])
    for name in ("film.mkv", "film.avi", "film.flv", "film.mov"):
        film = tmp_path / name
        ffmpeg("-f", "lavfi", "-i", "testsrc=d=7:s=64x64:r=5", "-i", path, "-c:v", "flv1", "-c:a", "copy", film)

        assert track_id(film) == track_id(path), name


def test_identity_takes_little_memory(form, encode):
    """Ids are computed in blocks, whatever the size of a file."""
    path = encode(form)
    with path.open("rb") as stream:
        tracemalloc.start()
        try:
            identify(stream)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 3_000_000


# Only counting all frames would tell the length of these, which an analysis does.
NO_DECLARED_LENGTH = {"AAC", "AC-3", "AMR", "AVI", "DTS", "E-AC-3", "FLV", "MP2", "RealMedia", "TrueHD"}


def test_the_declared_length_is_known_before_an_analysis(form, encode):
    """Headers tell the length of most formats within a tenth of a second, without reading the sound."""
    with encode(form).open("rb") as stream:
        duration = declared_duration(stream)

    if form.container in NO_DECLARED_LENGTH or "fragmented" in form.name:
        assert duration is None
    else:
        assert duration == pytest.approx(1000 * SECONDS, abs=100)


def test_each_format_is_uploaded_and_served(form, samples, api):
    """An upload whose name tells nothing becomes a track, whose audio comes back unchanged with the format's type."""
    same_packets = [each for each in FORMATS if each is form or (form.packets and each.packets == form.packets)]
    contents = {samples.path(each).read_bytes() for each in same_packets}
    job = api.post("/v1/tracks", data={"file": (samples.path(form).open("rb"), "no suffix")})
    [uploaded] = job.json["tracks"]
    answer = api.get(f"/v1/tracks/{uploaded}/audio")

    assert uploaded == track_id(samples.path(form))
    assert answer.data in contents  # equal packets are one track, so an earlier upload may be sent
    assert answer.mimetype == MEDIA_TYPES[recognise(io.BytesIO(answer.data)).suffix]


def test_the_table_of_the_documentation_is_what_the_formats_do(samples):
    """Each cell is measured: what recognises, tags, keeps and decodes a file of each format."""
    page = DOCS.read_text(encoding="utf-8")
    start = page.index(TABLE_HEAD)
    table = page[start : page.index("\n\n", start) + 1]

    assert samples.table() == table, "run `python -m tests.integration.test_formats`"


if __name__ == "__main__":
    before, _, after = DOCS.read_text(encoding="utf-8").partition(TABLE_HEAD)
    with tempfile.TemporaryDirectory() as made:
        rewritten = before + Samples(Path(made)).table() + after[after.index("\n\n") + 1 :]
    DOCS.write_text(rewritten, encoding="utf-8")
