"""Tags of every kind, byte for byte, and the smallest files of each format that can hold them."""

import struct
import uuid

PICTURE = b"\xff\xd8\xff\xe0 a picture \xff\x00\xff\xe1 \x00\x00"
MBID = "11111111-2222-4333-8444-555555555509"
# An MPEG frame header and the rest of its frame: no tag, and long enough to be cut off.
AUDIO = b"\xff\xfb\x90\x00" + bytes(413)


def synchsafe(number):
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def unsynchronised(data):
    """ID3v2.3 §5: a zero byte after each 0xFF before a zero byte or 0xE0 and above, and at the end."""
    out = bytearray()
    for place, byte in enumerate(data):
        out.append(byte)
        following = data[place + 1 : place + 2]
        if byte == 0xFF and (not following or following[0] >= 0xE0 or following[0] == 0):
            out.append(0)
    return bytes(out)


def frame(name, body, version=4, flags=b"\0\0"):
    """One frame of ID3v2."""
    if version == 2:
        return name.encode() + len(body).to_bytes(3, "big") + body
    size = synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name.encode() + size + flags + body


def text(name, value, version=4, encoding=3):
    """A text frame of ID3v2."""
    codecs = ("latin-1", "utf-16", "utf-16-be", "utf-8")
    return frame(name, bytes([encoding]) + value.encode(codecs[encoding]), version)


def id3(frames, version=4, flags=0, extended=b""):
    """A tag of ID3v2."""
    content = extended + frames
    return b"ID3" + bytes((version, 0, flags)) + synchsafe(len(content)) + content


def appended(frames):
    """A tag of ID3v2.4 with a footer."""
    tag = id3(frames, flags=0x10)
    return tag + b"3DI" + tag[3:10]


def id3v1(title, artist="", album="", *, track=0, genre=255):
    fields = ((title, 30), (artist, 30), (album, 30), ("2001", 4), ("", 28))
    packed = b"".join(value.encode("latin-1").ljust(size, b"\0") for value, size in fields)
    return b"TAG" + packed + bytes((0, track, genre))


def ape_item(key, value, kind=0):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<II", len(data), kind << 1) + key.encode() + b"\0" + data


def ape(*items, header=True):
    """An APEv2 tag with a footer, and a header if told."""
    body = b"".join(items)
    flags = (1 << 31) if header else 0
    head, foot = (
        b"APETAGEX" + struct.pack("<IIII", 2000, len(body) + 32, len(items), bits) + bytes(8)
        for bits in (flags | 1 << 29, flags)
    )
    return (head if header else b"") + body + foot


def comments(*pairs):
    """A block of Vorbis comments."""
    written = [f"{name}={value}".encode() for name, value in pairs]
    block = struct.pack("<I", 4) + b"test" + struct.pack("<I", len(written))
    return block + b"".join(struct.pack("<I", len(each)) + each for each in written)


def flac(*blocks):
    """A FLAC file of metadata blocks (kind, content)."""
    out = b"fLaC"
    for place, (kind, content) in enumerate(((0, bytes(34)), *blocks)):
        last = 0x80 if place == len(blocks) else 0
        out += bytes([kind | last]) + len(content).to_bytes(3, "big") + content
    return out + b"\xff\xf8" + bytes(40)


def page(packets, serial=1, *, first=False, number=0):
    """A page of Ogg with whole packets."""
    sizes = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
    head = b"OggS\0" + bytes([2 if first else 0]) + bytes(8) + struct.pack("<III", serial, number, 0)
    return head + bytes([len(sizes)]) + sizes + b"".join(packets)


def ogg(block, first=b"OpusHead", before=b"OpusTags"):
    """An Ogg file with a comment packet."""
    return page([first.ljust(19, b"\0")], first=True) + page([before + block], number=1) + page([bytes(50)], number=2)


def box(name, *content):
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + name + body


def data(value, kind=1):
    return box(b"data", struct.pack(">II", kind, 0), value if isinstance(value, bytes) else value.encode())


def freeform(name, *values):
    mean = box(b"mean", bytes(4), b"com.apple.iTunes")
    return box(b"----", mean, box(b"name", bytes(4), name.encode()), *(data(value) for value in values))


def mp4(*items):
    """An MP4 file with an iTunes list behind its audio."""
    meta = box(b"meta", bytes(4), box(b"hdlr", bytes(25)), box(b"ilst", *items))
    return (
        box(b"ftyp", b"M4A \0\0\0\0")
        + box(b"mdat", bytes(50))
        + box(b"moov", box(b"mvhd", bytes(100)), box(b"udta", meta))
    )


def chunk(name, content, order="<"):
    return name + struct.pack(f"{order}I", len(content)) + content + bytes(len(content) % 2)


def wav(*chunks):
    body = b"WAVE" + chunk(b"fmt ", bytes(16)) + chunk(b"data", bytes(20)) + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def rf64(*chunks):
    """A WAV file whose chunk of samples has its size in `ds64`."""
    head = b"WAVE" + chunk(b"ds64", struct.pack("<QQQI", 0, 20, 10, 0)) + chunk(b"fmt ", bytes(16))
    return b"RF64\xff\xff\xff\xff" + head + b"data\xff\xff\xff\xff" + bytes(20) + b"".join(chunks)


def info(*pairs):
    return chunk(b"LIST", b"INFO" + b"".join(chunk(name, value + b"\0") for name, value in pairs))


def aiff(*chunks):
    body = b"AIFF" + chunk(b"COMM", bytes(18), ">") + b"".join(chunks)
    return b"FORM" + struct.pack(">I", len(body)) + body


def dff(*chunks):
    body = b"DSD " + b"".join(
        name + struct.pack(">Q", len(content)) + content + bytes(len(content) % 2) for name, content in chunks
    )
    return b"FRM8" + struct.pack(">Q", len(body)) + body


def dsf(tag):
    return b"DSD " + struct.pack("<QQQ", 28, 100 + len(tag), 100) + bytes(72) + tag


def caf(**pairs):
    body = struct.pack(">I", len(pairs)) + b"".join(f"{name}\0{value}\0".encode() for name, value in pairs.items())
    return b"caff\0\1\0\0" + b"desc" + struct.pack(">q", 32) + bytes(32) + b"info" + struct.pack(">q", len(body)) + body


def _object(guid, content):
    return uuid.UUID(guid).bytes_le + struct.pack("<Q", len(content) + 24) + content


def _wide(value):
    return (value + "\0").encode("utf-16-le")


def asf(description=("", "", "", "", ""), extended=(), library=()):
    """The header of an ASF file. Attributes are (name, value); texts, numbers or bytes."""

    def typed(value):
        if isinstance(value, str):
            return 0, _wide(value)
        return (1, value) if isinstance(value, bytes) else (3, struct.pack("<I", value))

    texts = [_wide(each) for each in description]
    content = struct.pack("<5H", *map(len, texts)) + b"".join(texts)
    objects = _object("75b22633-668e-11cf-a6d9-00aa0062ce6c", content)
    content = struct.pack("<H", len(extended))
    for name, value in extended:
        kind, stored = typed(value)
        content += struct.pack("<H", len(_wide(name))) + _wide(name) + struct.pack("<HH", kind, len(stored)) + stored
    objects += _object("d2d0a440-e307-11d2-97f0-00a0c95ea850", content)
    content = struct.pack("<H", len(library))
    for name, value in library:
        kind, stored = typed(value)
        content += struct.pack("<HHHHI", 0, 0, len(_wide(name)), kind, len(stored)) + _wide(name) + stored
    inner = _object("44231c94-9498-49d1-a141-1d134e457054", content)
    objects += _object("5fbf03b5-a92e-11cf-8ee3-00c00c205365", bytes(18) + struct.pack("<I", len(inner)) + inner)
    return _object("75b22630-668e-11cf-a6d9-00aa0062ce6c", struct.pack("<IH", 3, 0x0201) + objects)


def element(name, *content):
    """An element of EBML with a size of eight bytes."""
    body = b"".join(each.encode() if isinstance(each, str) else each for each in content)
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + (len(body) | 1 << 56).to_bytes(8, "big") + body


def simple_tag(name, value):
    return element(0x67C8, element(0x45A3, name), element(0x4487, value))


def matroska(*elements, clusters=b""):
    """A Matroska file; `clusters` go before the elements."""
    return element(0x1A45DFA3) + element(0x18538067, clusters, *elements)


def matroska_tag(*pairs, level=None):
    targets = element(0x63C0, b"" if level is None else element(0x68CA, bytes([level])))
    return element(0x7373, targets, *(simple_tag(*pair) for pair in pairs))
