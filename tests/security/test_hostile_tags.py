"""Tags of any content are read within limits, and give tags that can be stored."""

import io
import struct
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.tags import picture_inside, read_tags
from services.ingest.tags.reader import FORMATS
from services.ingest.tags.source import MAX_BYTES, MAX_READS
from tests.fakes.tagged import asf, comments, flac, frame, id3, text
from tests.security.corpus import mutated
from tests.unit.services.test_tags_of_formats import FILES

MUTANTS = 200
READS_FOR_LENGTH = 100  # of these files: the length that the container declares
STARTS = [(offset, magic) for offset, magic, _ in FORMATS] + [(0, b"ID3\2\0\0"), (0, b"ID3\4\0\0")]


class CountedStream(io.BytesIO):
    """Counts what is read of it."""

    def __init__(self, content):
        super().__init__(content)
        self.bytes_read = self.reads = 0

    def read(self, size=-1, /):
        data = super().read(size)
        self.bytes_read += len(data)
        self.reads += 1
        return data


def check(content):
    """Read tags and picture; the limits hold and every text can be stored."""
    stream = CountedStream(content)
    tags = read_tags(stream, fallback_title="name")
    assert stream.bytes_read <= MAX_BYTES
    assert stream.reads <= MAX_READS + READS_FOR_LENGTH
    assert tags.title
    repr(tags.to_json()).encode()
    picture_inside(io.BytesIO(content))
    return tags


@pytest.mark.parametrize("name", FILES)
def test_mutants_of_each_format_give_tags(name):
    """Flipped, cut, doubled and overwritten bytes raise nothing."""
    for seed in range(MUTANTS):
        check(mutated(FILES[name], np.random.default_rng(seed)))


@given(
    start=st.sampled_from(STARTS),
    rest=st.binary(max_size=400),
)
def test_any_bytes_behind_a_magic_number_give_tags(start, rest):
    """Whatever follows the bytes by which a format is known."""
    offset, magic = start
    check(bytes(offset) + magic + rest)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (flac((4, comments(("TITLE", "first"), *(("TITLE", str(number)) for number in range(100_000))))), "first"),
        (flac((4, comments(("TITLE", "first"), ("ARTIST", "x" * 2**23))), (6, bytes(2**23))), "first"),
        (id3(text("TIT2", "first") + frame("TXXX", b"") * 100_000), "first"),
        (id3(text("TIT2", "first", 3) + b"\xff\0" * 2**23, 3, 0x80), "first"),
        (id3(text("TIT2", "first")) + id3(b"") * 100_000, "first"),
        (id3(text("TIT2", "first") + frame("TXXX", b"") * 60_000) + id3(b"") * 100, "first"),
        (id3(text("TCON", "(17)") + text("TIT2", "first") + text("TCON", "(1)" * 5000) * 1000), "first"),
    ],
    ids=["comments", "a long value", "frames", "unsynchronised bytes", "tags", "frames and tags", "genres"],
)
def test_what_comes_before_the_limit_counts(content, title):
    """A tag of a hundred thousand fields gives those that were read."""
    assert check(content).title == title


def test_nested_extensions_of_a_wma_header_are_passed_over():
    """A header has one, and none inside it."""
    nested, extension = b"", uuid.UUID("5fbf03b5-a92e-11cf-8ee3-00c00c205365").bytes_le
    for _ in range(1500):
        nested = extension + struct.pack("<Q", 46 + len(nested)) + bytes(22) + nested
    whole = asf(("first", "", "", "", ""))
    content = whole[:16] + struct.pack("<Q", len(whole) + len(nested)) + whole[24:] + nested

    assert check(content).title == "first"
