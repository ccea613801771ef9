"""Pictures with recognisable content, inside and beside audio files."""

import base64
import io
from pathlib import Path

import mutagen
import numpy as np
import soundfile
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from PIL import Image

RED, GREEN, BLUE = (200, 30, 20), (20, 170, 60), (30, 60, 200)
COVER_TYPE = 3  # the front cover, in ID3 and in FLAC


def jpeg(colour: tuple[int, int, int], width: int = 800, height: int = 800) -> bytes:
    """Return a JPEG of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "JPEG")
    return written.getvalue()


def write_beside(folder: Path, name: str, colour: tuple[int, int, int]) -> Path:
    """Write a picture of one colour into a folder, in the format of its suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 400), colour).save(folder / name)
    return folder / name


def write_silence(path: Path, seconds: float = 1) -> Path:
    """Write an audio file in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    soundfile.write(path, np.zeros(int(seconds * 48_000)), 48_000, **options)
    return path


def embed(path: Path, content: bytes, mime: str = "image/jpeg") -> Path:
    """Put a picture into an audio file as its front cover: ID3, FLAC's block or Vorbis' comment."""
    picture = Picture()
    picture.type, picture.mime, picture.data = COVER_TYPE, mime, content
    if path.suffix == ".mp3":
        tags = ID3()
        tags.add(APIC(mime=mime, type=COVER_TYPE, data=content))
        tags.save(path)
    elif path.suffix == ".flac":
        file = FLAC(path)
        file.clear_pictures()
        file.add_picture(picture)
        file.save()
    else:
        file = mutagen.File(path)
        file["metadata_block_picture"] = [base64.b64encode(picture.write()).decode()]
        file.save()
    return path


def colour_of(content: bytes) -> tuple[int, int, int]:
    """Return which of the three colours a picture has."""
    mean = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=float).mean(axis=(0, 1))
    return min((RED, GREEN, BLUE), key=lambda colour: float(np.abs(mean - colour).sum()))
