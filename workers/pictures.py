"""Reading pictures with the models of a child process, for scans; questions share the text tower."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from services.domain.errors import ReaderUnavailable, UnusablePicture
from services.domain.failure import FailureKind
from services.domain.picture import PictureReading

if TYPE_CHECKING:
    from models.errors import AnalysisError
    from models.text.tower import TextTower

NO_DIRECTION = "Nothing is recognised in the picture, and it looks neutral."


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads pictures into the vibe space of a text tower."""

    tower: "TextTower"

    @property
    def version(self) -> str:
        """The version of the encoder whose vibe space the readings belong to."""
        return self.tower.version

    def read(self, descriptor: int) -> PictureReading:
        """Read an open file.

        Raises:
            UnusablePicture: it is not a picture in a supported format, is damaged, too large or without a direction.
            ReaderUnavailable: no decoder can be started.
        """
        from models.errors import AnalysisError, SandboxUnavailable  # noqa: PLC0415  only child processes import torch
        from models.pictures.reading import picture_vector, read_picture  # noqa: PLC0415

        try:
            found = read_picture(descriptor)
        except AnalysisError as error:
            raise UnusablePicture(_sentence(error), failure_kind(error)) from error
        except SandboxUnavailable as error:
            raise ReaderUnavailable(_sentence(error)) from error
        embedding = picture_vector(found, self.tower)
        if embedding is None:
            raise UnusablePicture(NO_DIRECTION)
        return PictureReading(
            embedding=embedding,
            shows=tuple(term.word for term in found.shows),
            looks=found.looks,
            valence=found.valence,
            energy=found.energy,
            model_version=self.version,
        )


def failure_kind(error: "AnalysisError") -> FailureKind:
    """Return what kind of failure an error of an analysis or a reading is."""
    from models import errors  # noqa: PLC0415  only child processes import torch

    kinds: dict[type[AnalysisError], FailureKind] = {
        errors.UnreadableAudio: FailureKind.DAMAGED,
        errors.NeedsFfmpeg: FailureKind.NEEDS_FFMPEG,
        errors.UnreadablePicture: FailureKind.DAMAGED,
        errors.RefusedAudio: FailureKind.LEFT_OUT,
        errors.RefusedPicture: FailureKind.LEFT_OUT,
        errors.DecoderFailed: FailureKind.CRASHED,
    }
    return kinds.get(type(error), FailureKind.DEFECT)


def open_reader() -> Reader:
    """Return a reader; the first in a process loads the text tower."""
    return Reader(text_tower())


@cache
def text_tower() -> "TextTower":
    """Return the text tower of this process; the first call loads it."""
    from models.text.tower import TextTower  # noqa: PLC0415  other workers do not need its memory

    return TextTower.load()


def _sentence(error: Exception) -> str:
    return str(error).rstrip(".") + "."
