"""Pictures: files, readings without torch, and rows of the catalogue."""

import uuid
from pathlib import Path

import numpy as np
from PIL import Image

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.errors import UnusablePicture
from services.domain.picture import PictureReading
from services.domain.track import Vector
from tests.fakes.library import unit_vector

VERSION = "test-1"


def draw(path: Path, colour: tuple[int, int, int]) -> Path:
    """Write a small picture of one colour, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), colour, np.uint8)).save(path)
    return path


def reading(embedding: Vector) -> PictureReading:
    """Return a reading with this point."""
    return PictureReading(embedding, ("seashore",), "warm, calm", 0.7, 0.3, VERSION)


def write_picture(catalogue: Catalogue, path: str, embedding: Vector, picture_id: str | None = None) -> str:
    """Write a ready picture, as a scan does, and return its id."""
    picture_id = picture_id or str(uuid.uuid5(uuid.NAMESPACE_OID, path))
    catalogue.pictures.register(picture_id, FileStamp(path, str(Path(path).parent), 1, 1), VERSION)
    catalogue.pictures.record(picture_id, reading(embedding))
    return picture_id


class FakeReader:
    """A reader whose readings depend on the content; it refuses files that are no pictures, and counts its calls."""

    version = VERSION

    def __init__(self) -> None:
        self.calls = 0

    def read(self, descriptor: int) -> PictureReading:
        """Read an open file."""
        self.calls += 1
        with open(descriptor, "rb", closefd=False) as file:
            content = file.seek(0) or file.read()
        if content.startswith(b"no picture"):
            raise UnusablePicture("The file is not a picture.")
        return reading(unit_vector(sum(content)))
