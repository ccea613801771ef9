"""Picture files are decoded upright, on white and scaled down, or refused with a clear reason."""

import io
import struct
import tempfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.errors import AnalysisError, RefusedPicture, UnreadablePicture
from models.pictures import decode
from models.pictures.decode import READING_SIDE, decode_picture

FORMATS = ("JPEG", "PNG", "WebP", "GIF")
RED, BLUE = (220, 20, 20), (20, 20, 220)


def decoded(data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return decode_picture(file.fileno())


def encoded(image, name, **options):
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def halves(mode="RGB", size=(64, 32)):
    """Return a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def png_header(width, height):
    """Return a PNG that declares a size and has one row of data."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(min(1 + 3 * width, 10**6)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_header(width, height):
    """Return a GIF that declares a size and has one pixel of data."""
    screen = struct.pack("<HHBBB", width, height, 0, 0, 0)
    frame = struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + screen + b"," + frame + b"\x02\x02\x4c\x01\x00;"


def assert_colour(pixel, colour, tolerance=40):
    assert np.abs(pixel.astype(int) - colour).max() < tolerance


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_decoded(name):
    """Left stays left, and colours stay as they are."""
    pixels = decoded(encoded(halves(), name))

    assert (pixels.shape, pixels.dtype) == ((32, 64, 3), np.uint8)
    assert_colour(pixels[16, 8], RED)
    assert_colour(pixels[16, 56], BLUE)


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        *((mode, "JPEG") for mode in ("L", "CMYK")),
        *((mode, "PNG") for mode in ("1", "L", "P", "LA", "I;16", "RGBA")),
        *((mode, "GIF") for mode in ("P", "L")),
        ("RGBA", "WebP"),
    ],
)
def test_each_mode_is_decoded(mode, name):
    """Grey, bilevel, paletted, 16-bit, transparent and CMYK pictures keep their brightness."""
    grey = np.full((20, 30), 255, np.uint8)
    grey[:, :15] = 0
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    pixels = decoded(encoded(image, name))

    assert pixels.shape == (20, 30, 3)
    assert_colour(pixels[10, 3], (0, 0, 0))
    assert_colour(pixels[10, 26], (255, 255, 255))


def test_sixteen_bits_are_scaled():
    """The middle of a 16-bit range is the middle of 8 bits."""
    pixels = decoded(encoded(Image.fromarray(np.full((4, 4), 2**15, np.uint16)), "PNG"))

    assert (pixels == 128).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP"])
def test_exif_orientation_is_undone(orientation, name):
    """A picture that a camera stored in one of EXIF's eight orientations is upright."""
    stored = halves()
    for transposition in {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.ROTATE_90, Image.Transpose.FLIP_TOP_BOTTOM],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT],
        8: [Image.Transpose.ROTATE_270],
    }.get(orientation, []):
        stored = stored.transpose(transposition)
    exif = Image.Exif()
    exif[decode.EXIF_ORIENTATION] = orientation
    pixels = decoded(encoded(stored, name, exif=exif))

    assert pixels.shape == (32, 64, 3)
    assert_colour(pixels[16, 8], RED)
    assert_colour(pixels[16, 56], BLUE)


@pytest.mark.parametrize("name", FORMATS)
def test_one_pixel_is_a_picture(name):
    """The smallest picture is decoded."""
    assert decoded(encoded(Image.new("RGB", (1, 1), RED), name)).shape == (1, 1, 3)


@pytest.mark.parametrize("size", [(3000, 2000), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("name", FORMATS)
def test_large_pictures_are_scaled_down(size, name):
    """The longer side gets the maximum, the shorter one keeps at least a pixel."""
    height, width, _ = decoded(encoded(halves(size=size), name)).shape

    assert max(height, width) == READING_SIDE
    assert min(height, width) == max(1, round(READING_SIDE * min(size) / max(size)))


def test_transparency_is_white():
    """What is transparent gets white, as on a page."""
    image = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([0, 0, 0])

    assert (decoded(encoded(image, "PNG")) == 255).all()
    assert (decoded(encoded(image, "WebP", lossless=True)) == 255).all()
    assert (decoded(encoded(palette, "GIF", transparency=0)) == 255).all()


@pytest.mark.parametrize("name", ["GIF", "WebP", "PNG"])
def test_the_first_frame_counts(name):
    """Of an animation, the first frame is decoded."""
    frames = [Image.new("RGB", (16, 16), BLUE)] * 3
    data = encoded(Image.new("RGB", (16, 16), RED), name, save_all=True, append_images=frames)

    assert_colour(decoded(data)[8, 8], RED)


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_refused(name):
    """A file without its second half is damaged."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (80, 80, 3), np.uint8))
    data = encoded(noise, name)

    with pytest.raises(UnreadablePicture, match=f"The {name} file is damaged or ends early"):
        decoded(data[: len(data) // 2])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (png_header(10_000, 10_000), "10000 × 10000 pixels; the maximum of a PNG file is 24 megapixels"),
        (png_header(2**31 - 1, 2**31 - 1), "the maximum of a PNG file is 24 megapixels"),
        (gif_header(65535, 65535), "65535 × 65535"),
        (b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\x3f\0" * 2, "16384 × 16384"),
    ],
    ids=["large", "vast", "GIF", "WebP"],
)
def test_a_bomb_is_refused(data, reason):
    """A small file that declares a huge picture is refused before it is decoded."""
    with pytest.raises(RefusedPicture, match=reason):
        decoded(data)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0"}])
def test_the_size_of_each_kind_of_webp_is_read(options, monkeypatch):
    """Lossy, lossless and extended files declare their size in different places."""
    data = encoded(Image.new("RGB", (1030, 990)), "WebP", **options)
    monkeypatch.setitem(decode.MAX_MEGAPIXELS, "WebP", 1)

    with pytest.raises(RefusedPicture, match="1030 × 990 pixels"):
        decoded(data)


def test_a_huge_file_is_refused(monkeypatch):
    """The size in bytes is limited too."""
    monkeypatch.setattr(decode, "MAX_BYTES", 2**20)

    with pytest.raises(RefusedPicture, match="Too large: 2 MiB; the maximum is 1 MiB"):
        decoded(b"\xff\xd8\xff" + bytes(2**21))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The file is empty"),
        (b"hello, world", "not a JPEG, PNG, WebP or GIF picture"),
        (b"BM" + bytes(100), "BMP is not supported"),
        (b"II*\0" + bytes(100), "TIFF is not supported"),
        (b"\0\0\0\x20ftypheic" + bytes(100), "HEIC is not supported"),
        (b"<svg xmlns='x'/>", "SVG is not supported"),
    ],
)
def test_other_files_are_refused(data, reason):
    """The reason names the format where it is known."""
    with pytest.raises(UnreadablePicture, match=reason):
        decoded(data)


def test_a_damaged_exif_block_is_no_obstacle():
    """A picture whose EXIF cannot be read is taken as upright."""
    data = encoded(halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert decoded(data).shape == (32, 64, 3)


SEEDS = [encoded(halves(), name) for name in FORMATS]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_bytes_get_pixels_or_a_reason(data):
    """Random bytes, and pictures with changed, missing or added bytes, give a picture or an error of the tree."""
    sent = bytearray(data.draw(st.sampled_from(SEEDS) | st.binary(max_size=200)))
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8)):
        if sent:
            sent[place % len(sent)] = value
    cut = data.draw(st.integers(0, len(sent)))
    try:
        pixels = decoded(bytes(sent[:cut] if data.draw(st.booleans()) else sent))
    except AnalysisError:
        return
    assert pixels.shape[2] == 3
