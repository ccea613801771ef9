"""Which files and folders of a library are left out: patterns of the settings, and of `.segueignore` files.

All patterns are those of `.gitignore`. A pattern of a deeper folder takes precedence over one further up, and any
`.segueignore` over the settings. A folder that is left out is not listed, so nothing in it can be taken back in.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from services.domain.failure import Cause, FailureKind
from services.settings import Settings
from services.settings.library import SYSTEM_NAMES

IGNORE_FILE = ".segueignore"
# The file may come with downloaded music, so its size and the time that its patterns take are limited.
IGNORE_FILE_MAX_BYTES = 64 * 1024
# A pattern with n wildcards in a name of 255 characters takes up to 255ⁿ steps.
WILDCARDS_MAX = 3


class BadPatterns(ValueError):  # noqa: N818  like OutsideLibrary: it says what is wrong
    """A `.segueignore` file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns of one source. Those for folders alone are not compared with each file, which would be slow."""

    all: GitIgnoreSpec
    for_files: GitIgnoreSpec

    @classmethod
    def parse(cls, lines: Sequence[str]) -> "Patterns":
        """Read patterns.

        Raises:
            BadPatterns: one is not a pattern.
        """
        try:
            return cls(
                GitIgnoreSpec.from_lines(lines),
                GitIgnoreSpec.from_lines([line for line in lines if not line.rstrip().endswith("/")]),
            )
        except ValueError as error:
            raise BadPatterns(f"{error}.") from error

    def verdict(self, relative: str, *, is_folder: bool) -> bool | None:
        """Return whether a path is left out (True) or kept by a pattern with `!` (False); None if no pattern fits."""
        if is_folder:
            return self.all.check_file(f"{relative}/").include
        return self.for_files.check_file(relative).include


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings say about files and folders."""

    left_out: Patterns = field(default_factory=lambda: Patterns.parse(_literal(SYSTEM_NAMES)))
    included: GitIgnoreSpec | None = None
    """Files must match it; None includes all."""

    @classmethod
    def of(cls, settings: Settings) -> "Choice":
        """Return the patterns of the settings."""
        included = GitIgnoreSpec.from_lines(_literal(settings.include)) if settings.include else None
        return cls(Patterns.parse(_literal((*settings.system_names, *settings.exclude))), included)


def _literal(patterns: Iterable[str]) -> list[str]:
    """Return patterns of a setting, which has no comments: a "#" is part of a name."""
    return [f"\\{pattern}" if pattern.startswith("#") else pattern for pattern in patterns]


@dataclass(frozen=True, slots=True)
class FolderRules:
    """What applies in one folder: its own patterns, and those of the folders above it."""

    folder: str
    own: Patterns | None
    above: "FolderRules | None"
    choice: Choice

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a file or folder in this folder is left out."""
        rules: FolderRules | None = self
        while rules is not None:
            if rules.own is not None:
                verdict = rules.own.verdict(_relative(path, rules.folder), is_folder=is_folder)
                if verdict is not None:
                    return verdict
            root, rules = rules.folder, rules.above
        relative = _relative(path, root)
        if self.choice.left_out.verdict(relative, is_folder=is_folder):
            return True
        return not is_folder and self.choice.included is not None and not self.choice.included.match_file(relative)

    def enter(self, folder: str) -> "FolderRules":
        """Return these rules with those of the `.segueignore` of a folder, if it has one.

        Raises:
            BadPatterns: the `.segueignore` cannot be used.
        """
        own = _read(folder)
        # Folders without patterns share the rules of the folder above, so that few sets of patterns are compared.
        return self if own is None else FolderRules(folder, own, self, self.choice)


def rules_above(root: str, folder: str, choice: Choice) -> FolderRules | None:
    """Return the rules that the folders above a folder, from its library root on, set for it; None: it is left out.

    Raises:
        BadPatterns: a `.segueignore` cannot be used.
    """
    rules, path = FolderRules(root, None, None, choice), root
    for name in Path(folder).relative_to(root).parts:
        rules = rules.enter(path)
        path = os.path.join(path, name)  # noqa: PTH118
        if rules.leaves_out(path, is_folder=True):
            return None
    return rules


def cause_of_bad_patterns(error: BadPatterns) -> Cause:
    """Return why a folder is not listed."""
    return Cause(f"{IGNORE_FILE}: {error} The folder was not scanned.", FailureKind.UNREADABLE)


def _read(folder: str) -> Patterns | None:
    path = os.path.join(folder, IGNORE_FILE)  # noqa: PTH118  Paths would take longer than the look-up
    try:
        with open(path, "rb", opener=_open_itself) as file:
            content = file.read(IGNORE_FILE_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadPatterns(f"{error.strerror}.") from error
    if len(content) > IGNORE_FILE_MAX_BYTES:
        raise BadPatterns(f"It is larger than {IGNORE_FILE_MAX_BYTES} bytes.")
    lines = unicodedata.normalize("NFC", content.decode("utf-8-sig", "surrogateescape")).splitlines()
    if slow := next(filter(_has_many_wildcards, lines), None):
        raise BadPatterns(f"'{slow.strip()}' has more than {WILDCARDS_MAX} wildcards in a name.")
    return Patterns.parse(lines)


def _has_many_wildcards(pattern: str) -> bool:
    in_names = (len(re.findall(r"\*+", name)) for name in pattern.split("/"))
    return max(*in_names, pattern.count("**")) > WILDCARDS_MAX


def _open_itself(path: str, flags: int) -> int:
    # A link could lead to any file, which an error message would then quote. Opening a pipe would block.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)


def _relative(path: str, folder: str) -> str:
    relative = path[len(folder.rstrip("/")) + 1 :]
    return relative if relative.isascii() else unicodedata.normalize("NFC", relative)
