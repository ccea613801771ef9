"""The packets of containers are found however a file lays them out, and no file makes a parser read without end."""

import io
import struct

import pytest

from models.containers import MAX_PACKETS, UnsupportedContainer, feed_ranges
from models.containers.recognise import recognise

PACKETS = [b"first packet", b"second", b"the third packet is the last"]
SOUND = b"".join(PACKETS)


def fed(content: bytes) -> bytes:
    """Return what identity hashes of a file."""
    parts: list[bytes] = []
    stream = io.BytesIO(content)
    recognise(stream).feed(stream, 0, len(content), parts.append)
    return b"".join(parts)


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *content: bytes) -> bytes:
    return box(kind, bytes(4), *content)


def numbers(*values: int, width: str = "I") -> bytes:
    return struct.pack(f">{len(values)}{width}", *values)


def entry(kind: bytes = b"mp4a", rest: bytes = b"") -> bytes:
    return numbers(1) + box(kind, bytes(8), (rest or bytes(20)).ljust(40, b"\0"))


FTYP = box(b"ftyp", b"M4A \0\0\0\0")
STSC = full(b"stsc", numbers(2, 1, 2, 1, 2, 1, 1))  # two samples in the first chunk, one in the second
STSZ = full(b"stsz", numbers(0, 3, *map(len, PACKETS)))


def track(*table: bytes, handler: bytes = b"soun", number: int = 1) -> bytes:
    media = box(b"mdia", full(b"hdlr", bytes(4), handler, bytes(12)), box(b"minf", box(b"stbl", *table)))
    return box(b"trak", full(b"tkhd", bytes(8), numbers(number, 0, 0)), media)


def movie(offset: int, *, table: tuple[bytes, ...] = (STSZ,), offsets: bytes = b"", stsd: bytes = b"") -> bytes:
    """Return an M4A whose two chunks lie apart, the second one first, behind a video track."""
    second = offset
    first = offset + len(PACKETS[2]) + 5
    places = offsets or full(b"stco", numbers(2, first, second))
    sound = track(full(b"stsd", stsd or entry()), STSC, *table, places)
    return FTYP + box(b"moov", track(handler=b"vide"), sound)


def with_sound(make) -> bytes:
    offset = len(make(0)) + 8
    return make(offset) + box(b"mdat", PACKETS[2] + b"video" + PACKETS[0] + PACKETS[1])


LAYOUTS = {
    "sizes of four bytes": movie,
    "sizes of two bytes": lambda offset: movie(
        offset, table=(full(b"stz2", b"\0\0\0\x10", numbers(3), numbers(*map(len, PACKETS), width="H")),)
    ),
    "offsets of eight bytes": lambda offset: movie(
        offset, offsets=full(b"co64", numbers(2), numbers(offset + len(PACKETS[2]) + 5, offset, width="Q"))
    ),
}


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
def test_the_samples_of_an_mp4_are_read_in_order(make):
    """Chunks may lie in any order, between video; the tables may have other widths."""
    assert fed(with_sound(make)) == SOUND


def test_sizes_of_half_a_byte():
    """Two samples share a byte of the table."""
    table = full(b"stz2", b"\0\0\0\4", numbers(3), b"\x12\x30")
    sound = track(full(b"stsd", entry()), full(b"stsc", numbers(1, 1, 3, 1)), table, full(b"stco", numbers(1, 0)))
    content = FTYP + box(b"moov", sound)

    assert fed(content) == content[:6]


def test_quicktime_counts_samples_in_time():
    """A sample size of 1 means frames: of packets that version 1 of the description states, or of whole bytes."""
    version_1 = numbers(1, 0, width="H") + bytes(4) + numbers(2, 16, width="H") + bytes(8) + numbers(64, 34, 68, 2)
    counted = full(b"stsz", numbers(1, 128))
    for description, length in ((entry(b"ima4", version_1), 136), (entry(b"twos", b"\0" * 8 + b"\0\2\0\x10"), 512)):
        sound = track(full(b"stsd", description), full(b"stsc", numbers(1, 1, 128, 1)), counted, STCO_0)
        content = FTYP + box(b"moov", sound) + bytes(600)

        assert fed(content) == content[:length]


STCO_0 = full(b"stco", numbers(1, 0))


@pytest.mark.parametrize("flags", [0x000201, 0x000F05], ids=["sizes", "all fields"])
def test_fragments_of_other_tracks_are_passed_over(flags):
    """Runs name their track; their rows hold more than sizes."""

    def run(packets: list[bytes], offset: int) -> bytes:
        others = (flags & 0xD00).bit_count()
        rows = b"".join(
            numbers(*((9,) if flags & 0x100 else ()), len(packet), *(7,) * (others - bool(flags & 0x100)))
            for packet in packets
        )
        first = numbers(0) if flags & 4 else b""
        return box(b"trun", numbers(flags, len(packets)), struct.pack(">i", offset), first, rows)

    def fragment(number: int, packets: list[bytes], offset: int) -> bytes:
        return box(b"moof", box(b"traf", full(b"tfhd", numbers(number)), run(packets, offset)))

    empty = track(full(b"stsd", entry()), full(b"stsc", numbers(0)), full(b"stsz", numbers(0, 0)), number=2)
    content = FTYP + box(b"moov", empty)
    for number, packets in ((2, PACKETS[:2]), (1, [b"video"]), (2, PACKETS[2:])):
        head = len(fragment(number, packets, 0)) + 8
        content += fragment(number, packets, head) + box(b"mdat", *packets)

    assert fed(content) == SOUND


@pytest.mark.parametrize("kind", [b"enca", b"drms", b"aavd"])
def test_an_encrypted_m4a_is_refused(kind):
    """Nothing can decode it, so the reason names the encryption."""
    with pytest.raises(UnsupportedContainer, match="encrypted"):
        fed(with_sound(lambda offset: movie(offset, stsd=entry(kind))))


def test_samples_that_share_bytes_are_refused():
    """A table that refers to the same bytes again and again would cost hours."""
    table = (full(b"stsc", numbers(1, 1, 1000, 1)), full(b"stsz", numbers(1000, 10**6)))
    sound = track(full(b"stsd", entry()), *table, full(b"stco", numbers(1000), bytes(4000)))

    with pytest.raises(UnsupportedContainer, match="more audio than it has bytes"):
        fed(FTYP + box(b"moov", sound) + bytes(10**6))


def test_empty_boxes_and_packets_are_limited():
    """A file of boxes without content, and a table of packets without bytes, are refused."""
    with pytest.raises(UnsupportedContainer, match="more than 500,000 boxes"):
        fed(FTYP + box(b"free") * 500_001)
    with pytest.raises(UnsupportedContainer, match="more than 4,000,000 audio packets"):
        feed_ranges(io.BytesIO(), ((0, 0) for _ in range(MAX_PACKETS + 1)), 0, bytes)


def element(name: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(name) + (0x10000000 | len(body)).to_bytes(4, "big") + body


HEAD = element("1a45dfa3", element("4282", b"matroska"))
UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"


def tracks(*more: bytes, codec: bytes = b"A_OPUS") -> bytes:
    video = element("ae", element("d7", b"\1"), element("83", b"\1"), element("86", b"V_VP9"))
    return element(
        "1654ae6b", video, element("ae", element("d7", b"\2"), element("83", b"\2"), element("86", codec), *more)
    )


def block(content: bytes, lacing: int = 0, number: int = 2) -> bytes:
    return bytes([0x80 | number, 0, 0, lacing << 1]) + content


LACED = {
    "no lacing": b"".join(element("a3", block(packet)) for packet in PACKETS),
    "Xiph lacing": element("a3", block(b"\2" + bytes(map(len, PACKETS[:2])) + SOUND, 1)),
    "EBML lacing": element(
        "a3", block(b"\2" + bytes([0x80 | len(PACKETS[0]), 0xBF + len(PACKETS[1]) - len(PACKETS[0])]) + SOUND, 3)
    ),
    "block groups": b"".join(element("a0", element("a1", block(packet)), element("9b", b"\1")) for packet in PACKETS),
    "video between": element("a3", block(b"video", number=1)).join(element("a3", block(each)) for each in PACKETS),
}


@pytest.mark.parametrize("blocks", LACED.values(), ids=LACED)
@pytest.mark.parametrize("live", [False, True], ids=["stated sizes", "unknown sizes"])
def test_the_blocks_of_the_sound_are_read(blocks, live):
    """Laced or not, in groups or not, between video, in a recorded stream or in a file."""
    if live:
        content = HEAD + b"\x18\x53\x80\x67" + UNKNOWN + tracks() + b"\x1f\x43\xb6\x75" + UNKNOWN + blocks
        content += b"\x1f\x43\xb6\x75" + UNKNOWN
    else:
        content = HEAD + element("18538067", tracks(), element("1f43b675", blocks), element("1254c367", b"tags"))

    assert fed(content) == SOUND


STRIPPED = element("6d80", element("6240", element("5034", element("4254", b"\3"), element("4255", b"0x"))))


@pytest.mark.parametrize("name", ["no lacing", "Xiph lacing", "EBML lacing"])
def test_bytes_that_all_packets_begin_with_are_restored(name):
    """mkvmerge can store them once, in the track."""
    content = HEAD + element("18538067", tracks(STRIPPED), LACED[name])

    assert fed(content) == b"".join(b"0x" + packet for packet in PACKETS)


def test_fixed_lacing_divides_a_block():
    """Packets of one size have no sizes."""
    settings = element("5034", element("4254", b"\3"), element("4255", b"0x"))
    content = HEAD + element(
        "18538067", tracks(element("6d80", element("6240", settings))), element("a3", block(b"\2abcdef", 2))
    )

    assert fed(content) == b"0xab0xcd0xef"


def test_the_codebook_of_vorbis_is_part_of_the_sound_and_its_comments_are_not():
    """As in an Ogg file."""
    private = element("63a2", b"\2\3\5" + b"id1" + b"notes" + b"codebook")
    content = HEAD + element("18538067", tracks(private, codec=b"A_VORBIS"), LACED["no lacing"])

    assert fed(content) == b"id1codebook" + SOUND


def asf_object(guid: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(guid) + struct.pack("<Q", 24 + len(body)) + body


def wma(packets: bytes, *more: bytes, packet_bytes: int = 100) -> bytes:
    properties = asf_object(
        "a1dcab8c47a9cf118ee400c00c205365", bytes(68), struct.pack("<III", packet_bytes, packet_bytes, 0)
    )
    streams = [
        asf_object("9107dcb7b7a9cf118ee600c00c205365", bytes.fromhex(kind), bytes(32), bytes([number, 0]), bytes(30))
        for number, kind in ((1, "c0ef19bc4d5bcf11a8fd00805f5c442b"), (2, "409e69f84d5bcf11a8fd00805f5c442b"))
    ]
    header = asf_object("3026b2758e66cf11a6d900aa0062ce6c", bytes(6), properties, *streams, *more)
    return header + asf_object("3626b2758e66cf11a6d900aa0062ce6c", bytes(26), packets)


def test_payloads_of_the_audio_stream_are_joined():
    """Packets hold one payload or several, of several streams, with padding, and small objects in one payload."""

    def payload(number: int, data: bytes, replicated: bytes = bytes(8)) -> bytes:
        head = bytes([number, 0]) + bytes(4) + bytes([len(replicated)]) + replicated
        return head + struct.pack("<H", len(data)) + data

    head = b"\x82\0\0"
    several = head + b"\x09\x5d" + b"%c" + bytes(6) + b"\x83"
    content = payload(2, PACKETS[0]) + payload(1, b"video") + payload(2, PACKETS[1])
    first = several.replace(b"%c", bytes([100 - len(several) + 1 - len(content)])) + content
    second = head + b"\x00\x5d" + bytes(6) + b"\x02\0" + bytes(4) + b"\1\0" + bytes([len(PACKETS[2])]) + PACKETS[2]

    assert fed(wma(first.ljust(100, b"\0") + second.ljust(100, b"\0"))) == SOUND


def test_an_encrypted_wma_is_refused():
    """Nothing can decode it, so the reason names the encryption."""
    with pytest.raises(UnsupportedContainer, match="encrypted"):
        fed(wma(b"", asf_object("fbb3112223bdd211b4b700a0c955fc6e", b"key")))


def test_packets_larger_than_a_megabyte_are_refused():
    """They are read whole."""
    with pytest.raises(UnsupportedContainer, match="packets of 2,097,152 bytes"):
        fed(wma(b"", packet_bytes=1 << 21))


@pytest.mark.parametrize("over", [1, 2, 3, 5])
def test_an_element_that_crosses_the_end_of_its_parent_is_left_out(over):
    """Its length would be negative."""
    last = b"\x63\xa2\x01" + bytes(7)
    entry = element("ae", element("d7", b"\2"), element("83", b"\2"), last)
    cut = entry[:1] + (0x10000000 | len(entry) - 5 - over).to_bytes(4, "big") + entry[5:]
    content = HEAD + element("18538067", element("1654ae6b", cut), LACED["no lacing"])

    assert fed(content) == SOUND


def test_sizes_in_a_block_end_with_the_block():
    """Sizes that add up to more than a file position has bits are cut."""
    huge = b"\x01" + b"\xff" * 6 + b"\xfe"
    content = HEAD + element("18538067", tracks(STRIPPED), element("a3", block(b"\xfe" + huge * 254 + SOUND, 3)))

    assert fed(content) == b"0x" + SOUND + b"0x" * 254


HOSTILE = {
    "empty elements": HEAD + b"\x18\x53\x80\x67" + UNKNOWN + b"\xec\x80" * 200_000,
    "short packets": wma(bytes(1000), packet_bytes=1),
    "many payloads": wma((b"\1\0" + bytes(6) + b"\x3f").ljust(64) * 2000, packet_bytes=64),
    "many equal bytes": HEAD
    + element(
        "18538067",
        tracks(element("6d80", element("6240", element("5034", element("4254", b"\3"), element("4255", bytes(256)))))),
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_files_of_tiny_parts_are_refused(content):
    """A part costs a read however small it is; real ones are larger."""
    with pytest.raises(UnsupportedContainer, match=r"than a track of its size|damaged"):
        fed(content)


def test_the_search_for_frames_after_damage_ends():
    """A file of almost-frames would make it look at millions of positions."""
    frame = b"\xff\xf1\x50\x80\x01\x1f\xfc!"
    content = (frame * 3 + b"\xff\xf1" * 60_000) * 100

    assert len(fed(content)) < 100
