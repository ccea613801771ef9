"""Each hostile picture gives an error message or pixels, from the decoder's sandbox and in bounded memory."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import AnalysisError, DecoderFailed, UnreadablePicture
from models.pictures.decode import MAX_SIDE, READING_SIDE
from models.sandbox.confinement import MEMORY_BYTES
from models.sandbox.decoder import Decoder

ROOT = Path(__file__).parents[2]
IDLE_BYTES = 80 * 2**20  # resident memory of an idle decoder: numpy, libsndfile and Pillow


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.stop()


def encoded(image, name, **options):
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def outcome(decoder, path, content, max_side=READING_SIDE):
    """Decode a file in the sandbox; return the pixels or the error."""
    path.write_bytes(content)
    try:
        found = decoder.read_picture(path, max_side)
    except AnalysisError as error:
        found = error
    assert str(path.parent) not in str(found)
    if decoder.report is not None:
        assert decoder.report.peak_bytes <= IDLE_BYTES + MEMORY_BYTES
    return found


def gradient(mode, width=96, height=64):
    rows, columns = np.mgrid[0:height, 0:width] * 255 // max(width, height)
    layers = np.stack([rows, columns, 255 - rows, np.full_like(rows, 200)], axis=2).astype(np.uint8)
    return Image.fromarray(layers).convert(mode)


EXIF = Image.Exif()
EXIF[0x0112] = 6
EXIF[0x010F] = "camera"
PICTURES = {
    "rgb.jpg": encoded(gradient("RGB"), "JPEG", exif=EXIF),
    "progressive.jpg": encoded(gradient("RGB"), "JPEG", progressive=True),
    "cmyk.jpg": encoded(gradient("CMYK"), "JPEG"),
    "rgba.png": encoded(gradient("RGBA"), "PNG", exif=EXIF),
    "palette.png": encoded(gradient("P"), "PNG", transparency=3),
    "deep.png": encoded(Image.fromarray(np.arange(0, 64_000, 10, dtype=np.uint16).reshape(64, 100)), "PNG"),
    "lossy.webp": encoded(gradient("RGBA"), "WebP", exif=EXIF),
    "lossless.webp": encoded(gradient("RGB"), "WebP", lossless=True),
    "frames.webp": encoded(gradient("RGB"), "WebP", save_all=True, append_images=[gradient("RGB")]),
    "frames.gif": encoded(gradient("P"), "GIF", save_all=True, append_images=[gradient("L").convert("P")]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_sandbox_allows_what_decoding_needs(decoder, tmp_path, name):
    """Each kind of picture is decoded with the calls and files that a decoder has."""
    found = outcome(decoder, tmp_path / name, PICTURES[name])

    assert not isinstance(found, AnalysisError), found
    assert found.std() > 10


@pytest.mark.parametrize(
    "picture",
    [
        ("RGBA", "PNG", {"compress_level": 1}),
        ("P", "GIF", {}),
        ("RGBA", "WebP", {"lossless": True, "quality": 0, "method": 0}),
        ("RGB", "JPEG", {"progressive": True}),
    ],
)
@pytest.mark.parametrize("max_side", [READING_SIDE, MAX_SIDE])
def test_the_largest_pictures_fit(decoder, tmp_path, picture, max_side):
    """A picture of 24 megapixels is decoded within the memory limit, also for a cover."""
    mode, name, options = picture
    found = outcome(decoder, tmp_path / "large", encoded(Image.new(mode, (6000, 4000)), name, **options), max_side)

    assert not isinstance(found, AnalysisError), found
    assert max(found.shape) == max_side


@pytest.mark.parametrize("max_side", [0, -1, MAX_SIDE + 1, 65_536])
def test_other_sizes_are_refused(decoder, tmp_path, max_side):
    """Before a decoder is started."""
    with pytest.raises(ValueError, match=f"not {max_side}"):
        outcome(decoder, tmp_path / "small", PICTURES["rgb.jpg"], max_side)


def test_mutations_do_not_kill_a_decoder(decoder, tmp_path):
    """Changed bytes give pixels or a damage report, and the next picture is decoded."""
    random = np.random.default_rng(14)
    for content in PICTURES.values():
        for _ in range(4):
            changed = np.frombuffer(content, np.uint8).copy()
            changed[random.integers(0, len(changed), 6)] = random.integers(0, 256, 6)
            found = outcome(decoder, tmp_path / "changed", changed.tobytes())
            assert not isinstance(found, DecoderFailed), found
    assert outcome(decoder, tmp_path / "whole", PICTURES["rgb.jpg"]).shape == (96, 64, 3)


def test_a_pipe_is_refused(decoder, tmp_path):
    """What is not a regular file is refused at once."""
    with pytest.raises(UnreadablePicture, match="The path is a folder"):
        decoder.read_picture(tmp_path)
    with pytest.raises(UnreadablePicture, match="does not exist"):
        decoder.read_picture(tmp_path / "missing")


def test_no_other_plugin_is_loaded():
    """A decoder has Pillow's plugins for four formats, and the one that reads EXIF."""
    code = "import sys, models.sandbox.server\nprint(*(name for name in sys.modules if name.endswith('ImagePlugin')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert set(found.stdout.split()) == {f"PIL.{name}ImagePlugin" for name in ("Gif", "Jpeg", "Png", "Tiff", "WebP")}
