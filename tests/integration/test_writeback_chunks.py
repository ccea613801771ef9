"""Values are written into AIFF and WavPack files; every other chunk, block and item stays as it is."""

import subprocess
from pathlib import Path

import mutagen.aiff
import mutagen.apev2
import pytest
from mutagen.id3 import TPE1

from services.writeback.copies import NotWritten
from services.writeback.replacing import write_into
from services.writeback.values import Choice
from tests.conftest import missing
from tests.fakes.encoded import missing_encoders, write_source
from tests.fakes.tagged import ape, ape_item, id3v1
from tests.integration.test_writeback import ALL, ALL_FORMATS, measured

REPLACING = Choice(ALL.fields, overwrite=True)


@pytest.fixture(autouse=True)
def encoders():
    if names := missing_encoders():
        missing(f"the encoders {', '.join(names)}")


def encode(name: str, folder: Path) -> Path:
    form = ALL_FORMATS[name]
    form.encode(write_source(folder / "source.wav"), folder)
    return folder / form.file


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "big") + content + bytes(len(content) % 2)


@pytest.mark.parametrize("tagged", [False, True])
def test_every_other_chunk_of_an_aiff_stays(tmp_path, tagged):
    """Markers, loops and the data of other programs, before and after the ID3 chunk."""
    path = encode("AIFF", tmp_path)
    if tagged:
        tags = mutagen.aiff.AIFF(path)
        tags.add_tags()
        tags.tags.add(TPE1(encoding=3, text=["A", "B"]))
        tags.save()
    others = [chunk(b"MARK", b"\0\1\0\1\0\0\3\xe8\5cue 1"), chunk(b"APPL", b"stocabc"), chunk(b"INST", bytes(20))]
    content = path.read_bytes() + b"".join(others)
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "big") + content[8:])

    for tempo in (127.6, 99.0):  # the second time, the ID3 chunk comes last
        write_into(measured(path, tempo=tempo), REPLACING, None)

    written, found = path.read_bytes(), mutagen.aiff.AIFF(path)
    assert all(written.count(other) == 1 for other in others)
    assert int.from_bytes(written[4:8], "big") == len(written) - 8
    assert (found.tags["TBPM"].text, found.tags["TKEY"].text) == (["99"], ["Am"])
    assert not tagged or found.tags["TPE1"].text == ["A", "B"]


def test_every_other_block_and_item_of_a_wavpack_stays(tmp_path):
    """The chunks of the WAV, the checksum, and items of every kind."""
    path = tmp_path / "cues.wv"
    source = tmp_path / "cues.wav"
    source.write_bytes(write_source(tmp_path / "plain.wav").read_bytes() + b"cue \4\0\0\0\0\0\0\0")
    size = source.stat().st_size - 8
    with source.open("r+b") as stream:
        stream.seek(4)
        stream.write(size.to_bytes(4, "little"))
    subprocess.run(["wavpack", "-q", "-y", "-m", source, "-o", path], check=True, capture_output=True)
    audio = path.read_bytes()
    items = [ape_item("Performer", b"P1\0P2"), ape_item("File", "http://x/y", 2), ape_item("Own", b"\1\2\3", 1)]
    path.write_bytes(audio + ape(*items, ape_item("bpm", "90"), ape_item("Tempo", "90")))

    write_into(measured(path), REPLACING, None)

    written = path.read_bytes()
    assert written.startswith(audio + b"APETAGEX")
    assert all(item in written for item in items)
    found = mutagen.apev2.APEv2(path)
    assert {name.upper(): str(value) for name, value in found.items() if name != "Own"} == {
        "PERFORMER": "P1\0P2",
        "FILE": "http://x/y",
        "BPM": "128",
        "INITIALKEY": "Am",
        "MOOD": "calm, sad",
    }


@pytest.mark.parametrize("damage", ["length", "count", "key", "ID3v1"])
def test_a_wavpack_with_a_damaged_tag_is_left_alone(tmp_path, damage):
    """Nothing is guessed."""
    path = encode("WavPack", tmp_path)
    tag = bytearray(ape(ape_item("Title", "x")))
    if damage == "key":
        tag[32:36] = b"\xff\xff\0\0"
    elif damage != "ID3v1":
        tag[-20 if damage == "length" else -16] += 1
    content = path.read_bytes() + bytes(tag) + (id3v1("x") if damage == "ID3v1" else b"")
    path.write_bytes(content)

    with pytest.raises(NotWritten):
        write_into(measured(path), REPLACING, None)

    assert path.read_bytes() == content
