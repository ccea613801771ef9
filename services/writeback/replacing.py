"""Put measured values into a file, by a checked copy that takes its place, or into a file beside it."""

import json
import os
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from services.catalog.files import MeasuredFile
from services.catalog.library import FileStamp
from services.domain.errors import UnsupportedAudio
from services.domain.notation import Notation
from services.ingest.identity import identify
from services.ingest.roots import Roots, open_inside
from services.ingest.tags import names_inside, picture_inside, read_tags
from services.writeback.copies import WRITTEN_NAMES, NotWritten, fields_of, write_copy
from services.writeback.values import Choice, Values, bpm_text, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.domain.track import Tags

SIDECAR_SUFFIX = ".segue.json"
DRAFT_SUFFIX = ".segue-tmp"  # no suffix of audio, so that a scan does not take the draft for a track
MOOD_NAMES = {"TMOO", "MOOD", "WM/MOOD"}


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, or would be.

    Attributes:
        path: The file whose tags were written, or the sidecar.
        values: The texts.
        tags: The tags of the file as they are now; None for a sidecar and a dry run.
        stamp: Its new attributes; None for a sidecar and a dry run.
        left_out: Fields with values that the format has no place for.
    """

    path: str
    values: Values
    tags: "Tags | None" = None
    stamp: FileStamp | None = None
    left_out: tuple[str, ...] = ()


def write_into(file: MeasuredFile, choice: Choice, roots: Roots, *, dry_run: bool = False) -> Written | None:
    """Write values into the tags of a file; a dry run checks a copy elsewhere, and leaves the file as it is.

    Returns:
        What was written; None if the file has the values already.

    Raises:
        NotWritten: The file keeps its tags, for the reason in the message.
    """
    with _opened(file, roots) as (stream, real_path):
        values = _missing(stream, choice.values_of(file), overwrite=choice.overwrite)
        if not values:
            return None
        measured, values = values, values.only(fields_of(stream))
        if not values:
            raise NotWritten("The format has no place for these values: use --sidecar.")
        left_out = tuple(name for name in measured.as_dict() if name not in values.as_dict())
        before = os.fstat(stream.fileno())
        try:
            with _draft(tempfile.gettempdir() if dry_run else os.path.dirname(real_path)) as draft:  # noqa: PTH120
                write_copy(stream, values, draft, draft.name)
                tags = _checked(stream, draft.name, values, Path(file.path).stem)
                if dry_run:
                    return Written(file.path, values, left_out=left_out)
                _keep_attributes(real_path, draft.name, before, keep_time=choice.keep_time)
                os.fsync(draft.fileno())
                now = os.stat(real_path)  # noqa: PTH116
                if (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
                    raise NotWritten("The file was changed meanwhile.")
                os.replace(draft.name, real_path)  # noqa: PTH105
        except OSError as error:
            raise NotWritten(f"The copy cannot be written: {error.strerror}.") from error
    after = os.stat(real_path)  # noqa: PTH116
    stamp = FileStamp(file.path, file.root, after.st_size, after.st_mtime_ns)
    return Written(file.path, values, tags, stamp, left_out)


def write_sidecar(file: MeasuredFile, choice: Choice, roots: Roots, *, dry_run: bool = False) -> Written | None:
    """Write values into a JSON file beside a file; it has the key in every notation. A dry run writes nothing.

    Returns:
        What was written; None if nothing was measured.

    Raises:
        NotWritten: The file lies outside the library, or the folder cannot be written to.
    """
    values = choice.values_of(file)
    if not values:
        return None
    content: dict[str, Any] = dict(values.as_dict())
    if values.bpm:
        content["bpm"] = float(bpm_text(file, digits=1) or 0)
    if values.key:
        content |= {notation.replace("-", "_"): key_of(file, notation) for notation in Notation}
        del content["name"]
    with _opened(file, roots) as (_, real_path):
        target = real_path + SIDECAR_SUFFIX
        if dry_run:
            return Written(target, values)
        try:
            with _draft(os.path.dirname(real_path)) as draft:  # noqa: PTH120
                draft.write(json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")
                draft.flush()
                os.chmod(draft.name, os.stat(real_path).st_mode & 0o666)  # noqa: PTH101, PTH116
                os.replace(draft.name, target)  # noqa: PTH105
        except OSError as error:
            raise NotWritten(f"The sidecar cannot be written: {error.strerror}.") from error
    return Written(target, values)


@contextmanager
def _opened(file: MeasuredFile, roots: Roots) -> "Iterator[tuple[BinaryIO, str]]":
    try:
        opened, real_path = open_inside(file.path, file.root, roots)
    except OSError as error:
        raise NotWritten(f"The file cannot be read: {error.strerror}.") from error
    with opened:
        yield opened, real_path


@contextmanager
def _draft(folder: str) -> "Iterator[IO[bytes]]":
    """Open a new file in a folder; it is deleted unless it was moved."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=DRAFT_SUFFIX, delete=False) as draft:
        try:
            yield draft
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft.name)  # noqa: PTH108


def _missing(stream: BinaryIO, values: Values, *, overwrite: bool) -> Values:
    if overwrite:
        return values
    tags = read_tags(stream, fallback_title="")
    has_mood = any(name.upper() in MOOD_NAMES for name in names_inside(stream))
    return Values(
        bpm=None if tags.bpm else values.bpm,
        key=None if tags.key else values.key,
        mood=None if has_mood else values.mood,
    )


def _checked(stream: BinaryIO, copy: str, values: Values, title: str) -> "Tags":
    """Return the tags of a copy, after checking that only the values differ from those of the original.

    Raises:
        NotWritten: The copy has other audio, other tags or another picture, or lacks a value.
    """
    with Path(copy).open("rb") as copied:
        try:
            same_audio = identify(stream).track_id == identify(copied).track_id
        except UnsupportedAudio as error:
            raise NotWritten(error.detail) from error
        if not same_audio:
            raise NotWritten("The copy would have other audio.")
        before, after = (read_tags(each, fallback_title=title) for each in (stream, copied))
        lost = _other_names(stream) - _other_names(copied)
        if lost:
            raise NotWritten(f"The copy would lose tags ({', '.join(sorted(lost))}): use --sidecar.")
        if _other_tags(before) != _other_tags(after) or picture_inside(stream) != picture_inside(copied):
            raise NotWritten("The copy would change other tags: use --sidecar.")
        if (values.bpm and after.bpm != float(values.bpm)) or (values.key and after.key != values.key):
            raise NotWritten("The format has no place for these values: use --sidecar.")
        if values.mood and not any(name.upper() in MOOD_NAMES | {"TXXX"} for name in names_inside(copied)):
            raise NotWritten("The format has no place for a mood: use --sidecar.")
    return after


def _other_names(stream: BinaryIO) -> Counter[str]:
    return Counter(name for each in names_inside(stream) if (name := each.upper()) not in WRITTEN_NAMES)


def _other_tags(tags: "Tags") -> "Tags":
    return replace(tags, bpm=None, key=None, duration_ms=None)


def _keep_attributes(original: str, copy: str, status: os.stat_result, *, keep_time: bool) -> None:
    """Give a copy the permissions, owner and extended attributes of the original, and its times if they are kept."""
    shutil.copystat(original, copy)
    with suppress(PermissionError):  # only root gives files away
        os.chown(copy, status.st_uid, status.st_gid)
        os.chmod(copy, status.st_mode & 0o7777)  # noqa: PTH101  a change of owner clears bits
    if not keep_time:
        os.utime(copy)
