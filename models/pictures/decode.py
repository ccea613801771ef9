"""Decode a picture file into few pixels, in bounded time and memory.

Pillow's plugins for JPEG, PNG, WebP and GIF are called directly, chosen by the first bytes of the file. No other format
is tried, whatever the file's name is. Untrusted files must go through `models.sandbox.decoder.read_picture`.
"""

import os
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,  # noqa: F401  Pillow imports it to read EXIF, when the sandbox cannot open files any more
    WebPImagePlugin,
)
from PIL.Image import Transpose

from models.audio.decode import check_regular
from models.containers import UnsupportedContainer
from models.containers.pictures import HEAD_BYTES, recognise_picture
from models.errors import RefusedPicture, UnreadablePicture

MAX_BYTES = 50 * 2**20  # a photograph of a large camera has half of that
# Decoded pixels take four bytes, and libwebp holds four copies. libjpeg decodes at an eighth of the size.
MAX_MEGAPIXELS = {"JPEG": 100, "PNG": 24, "WebP": 24, "GIF": 24}
READING_SIDE = 448  # pixels of a result to be read: twice what the network reads
MAX_SIDE = 640  # pixels that a caller may ask for: larger ones do not fit into the memory of a decoder

EXIF_ORIENTATION = 0x0112
# What undoes each orientation of EXIF 2.3; 1 is upright.
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

OPENERS: dict[str, Callable[[BinaryIO], Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
}
# The errors of Pillow's plugins for damaged files.
DAMAGES = (OSError, EOFError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
PLUGIN_ERRORS = (*DAMAGES, struct.error, zlib.error, Image.DecompressionBombError)

Image.MAX_IMAGE_PIXELS = max(MAX_MEGAPIXELS.values()) * 10**6

Pixels = NDArray[np.uint8]
"""A picture as sRGB, `(height, width, 3)`, upright, at most `MAX_SIDE` in each direction."""


def decode_picture(descriptor: int, max_side: int = READING_SIDE) -> Pixels:
    """Decode a JPEG, PNG, WebP or GIF file: its first frame, upright, on white, and scaled down.

    Args:
        descriptor: A regular file, open for reading; its offset changes.
        max_side: Maximum height and width of the result in pixels, 1 to `MAX_SIDE`.

    Returns:
        The pixels, sRGB, uint8 `(height, width, 3)`, each side between 1 and `max_side`.

    Raises:
        UnreadablePicture: The file is not a picture in these formats, is damaged or ends early.
        RefusedPicture: The file or the picture is larger than the limits above.
    """
    size = check_regular(descriptor, UnreadablePicture)
    if size > MAX_BYTES:
        raise RefusedPicture(f"Too large: {size / 2**20:.0f} MiB; the maximum is {MAX_BYTES // 2**20} MiB")
    stream = os.fdopen(descriptor, "rb", closefd=False)
    stream.seek(0)
    name = _format(stream.read(HEAD_BYTES))
    stream.seek(0)
    try:
        if name == "WebP":
            _check_size(name, *_webp_size(stream))
        image = OPENERS[name](stream)
        _check_size(name, *image.size)
        return _pixels(image, max_side)
    except PLUGIN_ERRORS as error:
        raise UnreadablePicture(f"The {name} file is damaged or ends early") from error


def _format(head: bytes) -> str:
    try:
        return recognise_picture(head)
    except UnsupportedContainer as error:
        raise UnreadablePicture(str(error)) from error


def _webp_size(stream: BinaryIO) -> tuple[int, int]:
    """Return width and height from a WebP file's header, because libwebp allocates the picture when it opens a file.

    Source: RFC 9649, sections 2.5 to 2.7.
    """
    head = stream.read(30)
    stream.seek(0)
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _check_size(name: str, width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS[name] * 10**6:
        raise RefusedPicture(
            f"Too large: {width} × {height} pixels; the maximum of a {name} file is {MAX_MEGAPIXELS[name]} megapixels"
        )


def _pixels(image: Image.Image, max_side: int) -> Pixels:
    orientation = _orientation(image)
    image.draft("RGB", (2 * max_side, 2 * max_side))  # lets libjpeg decode at a fraction of the size
    image.load()
    image = _true_colour(image)
    image.thumbnail((max_side, max_side), Image.Resampling.BICUBIC, reducing_gap=2.0)
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    return np.array(image, dtype=np.uint8)


def _orientation(image: Image.Image) -> int:
    with suppress(*PLUGIN_ERRORS):  # a picture with a damaged EXIF block is a picture
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    return 1


def _true_colour(image: Image.Image) -> Image.Image:
    """Return the image in a mode whose values can be averaged: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion clips at 255
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if "transparency" in image.info or image.mode in {"LA", "PA"}:
        return image.convert("RGBA")
    if image.mode in {"1", "P"}:
        return image.convert("RGB")
    return image
