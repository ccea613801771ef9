"""Files that Segue cannot use: why, and what their owner can do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FailureKind(StrEnum):
    """The kind of a failure, for programs; its reason is a sentence about one file."""

    UNSUPPORTED = "unsupported"
    """The format is not supported, or not recognised."""
    NEEDS_FFMPEG = "needs_ffmpeg"
    """Only ffmpeg decodes the format, and the worker has none."""
    DAMAGED = "damaged"
    """The format is recognised, but the content cannot be decoded."""
    LEFT_OUT = "left_out"
    """The content is sound but silent, too short, too long or too large, or no music, such as a playlist."""
    OVER_QUOTA = "over_quota"
    """Its library has as many tracks as its quota allows."""
    CRASHED = "crashed"
    """The decoder or the analysis died, or took too long."""
    UNREADABLE = "unreadable"
    """The operating system does not let Segue read it."""
    OUTSIDE_LIBRARY = "outside_library"
    """A link leads out of the folders that may be scanned."""
    GONE = "gone"
    """It was there at the last scan and is not any more."""
    ABSENT = "absent"
    """A library folder is empty, or its disk is not mounted; its tracks are kept."""
    DEFECT = "defect"
    """Segue itself failed, or the memory was not sufficient."""
    UNKNOWN = "unknown"
    """It failed before Segue recorded kinds."""


WHAT_TO_DO: Mapping[FailureKind, str] = {
    FailureKind.UNSUPPORTED: "If it is music or a picture that other programs open, convert it to a common format and "
    "retry. Otherwise move it out of the folder.",
    FailureKind.NEEDS_FFMPEG: "Install ffmpeg 4.4 or newer where the workers run, and start Segue again: it then "
    "analyses the file by itself.",
    FailureKind.DAMAGED: "Replace the file with a good copy, and retry. If other programs open all of it, convert it "
    "to another common format instead.",
    FailureKind.LEFT_OUT: "Nothing needs to be done: Segue leaves this file out. If it is not what you expected, "
    "replace it and retry.",
    FailureKind.OVER_QUOTA: "Remove tracks from the library, or raise its quota with `segue libraries quota`: Segue "
    "then takes the files by itself.",
    FailureKind.CRASHED: "Retry once. If it fails again, replace the file, and report the reason.",
    FailureKind.UNREADABLE: "Give the user that runs Segue permission to read the file and its folders, check that "
    "its disk is mounted, and retry.",
    FailureKind.OUTSIDE_LIBRARY: "Scan the folder that the link leads to, or add that folder to SEGUE_LIBRARY_ROOTS.",
    FailureKind.GONE: "Mount the disk or put the file back, and retry. If you deleted it, scan its folder: it then "
    "leaves this list.",
    FailureKind.ABSENT: "Mount the disk: the tracks return at once. If you emptied the folder for good, delete the "
    "folder too, and retry: its tracks then leave the library.",
    FailureKind.DEFECT: "Retry. If it fails again, report the reason: Segue has a defect or too little memory.",
    FailureKind.UNKNOWN: "Retry. If it fails again, the reason tells more.",
}
"""What the owner of a file can do, for each kind."""


NO_FAULT = (FailureKind.LEFT_OUT, FailureKind.OVER_QUOTA)
"""Kinds of files that Segue leaves out, which is no fault."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a file cannot be used: a sentence, and its kind."""

    reason: str
    kind: FailureKind


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that Segue cannot use: a track without an analysis, a picture without a reading, or neither."""

    id: str
    """`track:…`, `picture:…` or `file:…`, to name it in a request."""
    path: str
    copies: tuple[str, ...]
    """Paths of further files with the same audio."""
    kind: FailureKind
    reason: str
    at: datetime | None
    """When it last failed; None if it failed before Segue recorded times."""
    attempts: int
    quarantined: bool
    track_id: str | None

    @property
    def files(self) -> tuple[str, ...]:
        """All of its paths."""
        return self.path, *self.copies
