"""List the files of a library: what a walk over a folder finds, and what it leaves out."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from services.domain.failure import Cause, FailureKind
from services.domain.track import MEDIA_TYPES
from services.ingest.ignore import (
    IGNORE_FILE,
    BadPatterns,
    Choice,
    FolderRules,
    cause_of_bad_patterns,
    rules_above,
)
from services.ingest.roots import contains

# Films are tracks only if somebody scans the file itself or uploads it: a folder of them is no music library.
FILM_SUFFIXES = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mpg", ".ts"})
AUDIO_SUFFIXES = frozenset(MEDIA_TYPES) - FILM_SUFFIXES
# Other formats of pictures are listed with the reason why they cannot be read.
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp", ".heic", ".heif", ".jxl", ".tif", ".tiff"}
)
OUTSIDE_LIBRARY = Cause(
    "The link leads out of the library: scan the folder that it leads to.", FailureKind.OUTSIDE_LIBRARY
)


class FileState(NamedTuple):
    """The attributes of a file that change when it is written."""

    size: int
    mtime_ns: int


@dataclass(slots=True)
class Listing:
    """The files that a walk over a folder found."""

    folder: str
    files: dict[str, FileState | None] = field(default_factory=dict)
    """Path → state; None for links and for what is no regular file: who opens it looks where it leads."""
    unreadable: dict[str, Cause] = field(default_factory=dict)
    """Folder or link that was not followed → the cause."""
    folders: set[str] = field(default_factory=set)
    """The folders that were listed."""
    mounts: list[str] = field(default_factory=list)
    """The folders below it on which another file system is mounted."""

    @property
    def not_walked(self) -> tuple[str, ...]:
        """How the paths begin of which the walk cannot tell whether they exist."""
        return tuple(path.rstrip("/") + "/" for path in self.unreadable)

    def missing(self, known: Iterable[tuple[str, str]]) -> list[str]:
        """Return the known files, each given with its library root, that the walk would have found if they existed.

        Files below a root that the walk left out belong to another library, and stay.
        """
        not_walked = self.not_walked
        roots: dict[str, bool] = {}
        return [
            path
            for path, root in known
            if path not in self.files
            and not path.startswith(not_walked)
            and not roots.setdefault(root, self._is_left_out(root))
        ]

    def _is_left_out(self, root: str) -> bool:
        return root.startswith(self.folder.rstrip("/") + "/") and root not in self.folders and Path(root).is_dir()


def list_audio(folder: str, root: str | None = None, choice: Choice | None = None) -> Listing:
    """List the audio files at or under a path, told by their suffixes."""
    return list_files(folder, AUDIO_SUFFIXES, root, choice)


def list_files(folder: str, suffixes: frozenset[str], root: str | None = None, choice: Choice | None = None) -> Listing:
    """List the files with these suffixes at or under a path, in a stable order.

    Args:
        folder: A real path: of a folder, or of a file, which is then the only one.
        suffixes: In small letters.
        root: The library root at or above the folder; None: the folder. Links that lead into it are ignored, because a
            walk finds their targets anyway.
        choice: What the settings leave out.
    """
    listing = Listing(folder)
    if Path(folder).is_file():
        listing.files[folder] = None
        return listing
    root = folder if root is None else root
    try:
        rules = rules_above(root, folder, choice or Choice())
    except BadPatterns as error:
        listing.unreadable[folder] = cause_of_bad_patterns(error)
        return listing
    if rules is not None:
        _Walk(listing, suffixes, root, is_real=os.path.realpath(folder) == folder).run(folder, rules)
    return listing


@dataclass(slots=True)
class _Walk:
    listing: Listing
    suffixes: frozenset[str]
    root: str
    is_real: bool
    """Whether the path of the folder contains no link; otherwise each file must be looked at."""

    def run(self, folder: str, rules: FolderRules) -> None:
        """Walk over a folder. It is no recursion, because folders may be nested more deeply than Python's calls."""
        waiting: list[tuple[str, FolderRules, int | None]] = [(folder, rules, None)]
        while waiting:
            parent, above, device_above = waiting.pop()
            try:
                device = os.stat(parent).st_dev  # noqa: PTH116  Paths would take longer than the walk itself
                with os.scandir(parent) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
                here = above.enter(parent) if any(entry.name == IGNORE_FILE for entry in entries) else above
            except (FileNotFoundError, NotADirectoryError):
                continue  # it has gone, perhaps since its parent was listed
            except OSError as error:
                reason = f"The folder cannot be listed: {error.strerror}."
                self.listing.unreadable[parent] = Cause(reason, FailureKind.UNREADABLE)
                continue
            except BadPatterns as error:
                self.listing.unreadable[parent] = cause_of_bad_patterns(error)
                continue
            self.listing.folders.add(parent)
            if device_above not in {None, device}:
                self.listing.mounts.append(parent)
            folders = [entry.path for entry in entries if self._is_walked(entry, here)]
            waiting.extend((path, here, device) for path in reversed(folders))

    def _is_walked(self, entry: os.DirEntry[str], rules: FolderRules) -> bool:
        """Return whether an entry is a folder to walk over; list it if it is a file of the library."""
        if _is_folder(entry, follow_symlinks=False):
            return not rules.leaves_out(entry.path, is_folder=True)
        if entry.is_symlink() and _is_folder(entry, follow_symlinks=True):
            if not rules.leaves_out(entry.path, is_folder=True):
                self._add_link(entry.path)
        elif (
            os.path.splitext(entry.name)[1].lower() in self.suffixes  # noqa: PTH122  Paths would take longer
            and not rules.leaves_out(entry.path, is_folder=False)
        ):
            self.listing.files[entry.path] = self._state(entry)
        return False

    def _add_link(self, path: str) -> None:
        if not contains((self.root,), os.path.realpath(path)):
            self.listing.unreadable[path] = OUTSIDE_LIBRARY

    def _state(self, entry: os.DirEntry[str]) -> FileState | None:
        if not self.is_real:
            return None
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None  # it has gone; who opens it reports that
        return FileState(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _is_folder(entry: os.DirEntry[str], *, follow_symlinks: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow_symlinks)
    except OSError:
        return False
