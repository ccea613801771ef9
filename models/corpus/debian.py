"""Debian packages as a source of freely licensed files: download, unpack, and read who made a file.

Packages are downloaded with apt and unpacked, never installed. Authors and licences come from the machine-readable
`debian/copyright`: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

_KNOWN_LICENCES = re.compile(
    r"CC[- ]BY(?:-[A-Z]{2})*[- ]\d\.\d|CC0|Creative Commons [A-Z][\w-]+(?:[ -][\w-]+)? \d\.\d"
    r"|A?L?GPL-\d\+?|GNU (?:Lesser )?General Public License|Free Art Licen[sc]e|public domain|MIT|BSD|Zlib",
)
_UNSTATED = "see the package's copyright file"


class PackageError(RuntimeError):
    """A package cannot be fetched; the message states the reason."""


def unpack(name: str, into: Path, private: Path) -> None:
    """Download a package with apt and unpack it with `dpkg -x`.

    If the system's package lists do not have the package, separate lists are downloaded to a private directory.

    Args:
        name: Name of a package; only names that this repository lists are passed.
        into: Directory of the unpacked files; created if missing.
        private: Directory of the private package lists.

    Raises:
        PackageError: apt or dpkg is missing, or fails.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise PackageError("The corpus consists of Debian packages: fetching it needs apt-get and dpkg.")
    into.mkdir(parents=True, exist_ok=True)
    options: list[str] = []
    if not _run(["apt-cache", "show", "--no-all-versions", name], cwd=into, check=False):
        (private / "lists/partial").mkdir(parents=True, exist_ok=True)
        (private / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        options = ["-o", f"Dir::State::lists={private / 'lists'}", "-o", f"Dir::Cache={private / 'cache'}"]
        if not any((private / "lists").glob("*Packages*")):
            _run(["apt-get", *options, "update"], cwd=into)
    _run(["apt-get", *options, "download", name], cwd=into)
    archive = next(into.glob("*.deb"))
    _run(["dpkg", "-x", str(archive), str(into)], cwd=into)
    archive.unlink()


def _run(command: Sequence[str], cwd: Path, *, check: bool = True) -> str:
    program = shutil.which(command[0]) or command[0]
    # Only apt and dpkg run here, with package names that this repository lists.
    result = subprocess.run(  # noqa: S603
        [program, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False
    )
    if check and result.returncode != 0:
        raise PackageError(f"{' '.join(command)} failed: {result.stderr.strip()[-500:]}")
    return result.stdout if result.returncode == 0 else ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Copyright holders and short licence name of a file."""

    holders: str
    licence: str


@dataclass(frozen=True, slots=True)
class _Stanza:
    patterns: tuple[str, ...]
    attribution: Attribution


def attribute(copyright_text: str, installed: PurePosixPath) -> Attribution:
    """Return holders and licence of the stanza that covers a file.

    Patterns name paths of the *source* package, so an installed path is matched by its trailing components. The stanza
    with the most matching components wins; of equal ones the last, as in the standard.

    Args:
        copyright_text: The content of `debian/copyright`, machine-readable or free text.
        installed: Path of the file in the binary package.

    Returns:
        Holders and licence. If no stanza matches, the first five copyright notices and every known licence in the text.
    """
    best, best_score = None, 0
    for stanza in _stanzas(copyright_text):
        score = max((_match_score(pattern, installed) for pattern in stanza.patterns), default=0)
        if score >= best_score and score > 0:
            best, best_score = stanza.attribution, score
    return best or _named_anywhere(copyright_text)


def _match_score(pattern: str, installed: PurePosixPath) -> int:
    """Count matching trailing components, plus one if the pattern names the file; 0 if it does not match."""
    if pattern == "*":
        return 1
    expected = PurePosixPath(pattern.removeprefix("./")).parts
    actual = installed.parts
    matching = 0
    for glob, component in zip(reversed(expected), reversed(actual), strict=False):
        if not fnmatchcase(component, glob):
            break
        matching += 1
    names_the_file = not expected[-1].startswith("*") or expected[-1].count(".") > 0
    if matching == 0 or (matching == 1 and len(expected) > 1 and not names_the_file):
        return _below_directory(expected, actual)
    return matching + names_the_file


def _below_directory(expected: tuple[str, ...], actual: tuple[str, ...]) -> int:
    """Return 1 for a file at any depth below `music/*`; `data/*` covers all files of a game's data package."""
    if expected[-1] != "*" or len(expected) == 1:
        return 0
    directory = expected[-2]
    if directory.lower() == "data":
        return 1
    return 1 if any(fnmatchcase(part, directory) for part in actual[:-1]) else 0


def _stanzas(text: str) -> list[_Stanza]:
    found = []
    for block in re.split(r"\n[ \t]*\n", text):
        fields = _fields(block)
        if "files" in fields:
            licence = fields.get("license", "").split("\n")[0].strip() or _UNSTATED
            holders = "; ".join(filter(None, map(str.strip, fields.get("copyright", "").split("\n"))))
            found.append(_Stanza(tuple(fields["files"].split()), Attribution(holders, licence)))
    return found


def _fields(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line[:1] in {" ", "\t"} and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _named_anywhere(text: str) -> Attribution:
    notice = re.compile(r"\s*(?:copyright|\(c\)|©)", re.IGNORECASE)
    holders = [line.strip() for line in text.splitlines() if notice.match(line)]
    licences = list(dict.fromkeys(_KNOWN_LICENCES.findall(text)))
    return Attribution("; ".join(holders[:5]), " / ".join(licences) or _UNSTATED)
