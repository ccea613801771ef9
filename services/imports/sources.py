"""Open the files of an import: alone, in a folder, or in a ZIP archive."""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

from services.domain.errors import InvalidRequest

HISTORIES = re.compile(
    r"(streaming_?history|endsong)[^/]*\.json|(?!pinned_recording\.)[^/]+\.jsonl|[^/]+\.csv", re.IGNORECASE
)
"""Names of files with listens among the other files of an archive or a folder."""

FEEDBACK = "feedback.jsonl"
"""Read before listens, which give it names."""

MEMBERS_MAX = 2_000
"""Files of an archive: more than any export has. The list of them is read again for each one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file with listens; `open` opens it from the start each time."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def sources_of(path: Path) -> list[Source]:
    """Return the files with listens of a path: the file itself, or those in a folder or an archive.

    Raises:
        InvalidRequest: the path cannot be read, or no file in it has listens.
    """
    with _readable(str(path)):
        if path.is_dir():
            found = sorted((each for each in path.rglob("*") if each.is_file()), key=lambda each: _order(str(each)))
            wanted = [each for each in found if HISTORIES.fullmatch(each.name) and not each.name.startswith(".")]
            return _some([Source(str(each), partial(_file, each)) for each in wanted], str(path))
        with path.open("rb") as file:
            return sources_in(file, str(path), partial(_file, path))


def sources_in(
    file: IO[bytes],
    name: str,
    reopen: Callable[[], AbstractContextManager[IO[bytes]]],
    *,
    max_unpacked: int | None = None,
) -> list[Source]:
    """Return the files with listens of an open file: itself, or those in it if it is an archive.

    Raises:
        InvalidRequest: it is an archive that cannot be read, has no listens, has too many files, or is larger than
            `max_unpacked` when it is unpacked.
    """
    if not is_zipfile(file):
        file.seek(0)
        if file.read(4) == b"PK\x03\x04":
            raise InvalidRequest(f"'{name}' is not a complete ZIP archive. Download it again.")
        return [Source(name, reopen)]
    with _readable(name), ZipFile(file) as archive:
        if len(archive.infolist()) > MEMBERS_MAX:
            raise InvalidRequest(f"'{name}' has more than {MEMBERS_MAX:,} files. Unpack it, and import the folder.")
        members = sorted(filter(_is_history, archive.infolist()), key=lambda each: _order(each.filename))
    # Other methods may need much memory to unpack, and no service uses them.
    if any(each.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for each in members):
        raise InvalidRequest(f"'{name}' is compressed by an unusual method. Unpack it, and import the folder.")
    # A member is never unpacked beyond the size that the archive states.
    if max_unpacked is not None and sum(each.file_size for each in members) > max_unpacked:
        raise InvalidRequest(
            f"'{name}' has more than {max_unpacked:,} bytes when it is unpacked. Import it with `segue import-listens`."
        )
    return _some([Source(f"{name}: {each.filename}", partial(_member, reopen, each, name)) for each in members], name)


@contextmanager
def _file(path: Path) -> Iterator[IO[bytes]]:
    with _readable(str(path)), path.open("rb") as opened:
        yield opened


@contextmanager
def _member(reopen: Callable[[], AbstractContextManager[IO[bytes]]], member: ZipInfo, name: str) -> Iterator[IO[bytes]]:
    with _readable(name), reopen() as file, ZipFile(file) as archive, archive.open(member) as opened:
        yield opened


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turn the errors of files and archives into one that names the file."""
    try:
        yield
    except OSError as error:
        raise InvalidRequest(f"'{name}' cannot be read: {error.strerror or error}.") from error
    except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidRequest(f"'{name}' cannot be unpacked ({error}). It may be cut off: download it again.") from error
    except RuntimeError as error:  # zipfile's way to say that a password is needed
        raise InvalidRequest(f"'{name}' cannot be unpacked: {error}.") from error


def _is_history(member: ZipInfo) -> bool:
    folder, _, name = member.filename.rpartition("/")
    return HISTORIES.fullmatch(name) is not None and not name.startswith(".") and "__MACOSX" not in folder


def _order(path: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return a key that sorts feedback first and "10" after "9"."""
    parts = [(int(digits or 0), text) for digits, text in re.findall(r"(\d+)|(\D+)", path)]
    return not path.endswith(FEEDBACK), parts


def _some(sources: list[Source], name: str) -> list[Source]:
    if not sources:
        raise InvalidRequest(
            f"'{name}' has no listens. Segue reads exports of ListenBrainz, Spotify and Last.fm (CSV), and its own."
        )
    return sources
