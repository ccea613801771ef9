"""Who made a packaged file and under which licence: Debian's machine-readable `debian/copyright`.

Source: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_KNOWN_LICENCES = re.compile(
    r"CC[- ]BY(?:-[A-Z]{2})*[- ]\d\.\d|CC0|Creative Commons [A-Z][\w-]+(?:[ -][\w-]+)? \d\.\d"
    r"|A?L?GPL-\d\+?|GNU (?:Lesser )?General Public License|Free Art Licen[sc]e|public domain|MIT|BSD|Zlib",
)
_UNSTATED = "see the package's copyright file"


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
    """Find the stanza that covers a file.

    Patterns name paths of the *source* package, so an installed path is matched by its trailing components:
    the more of them agree, the better; of equals the last stanza wins, as in the standard.

    Args:
        copyright_text: The content of `debian/copyright`, machine-readable or free text.
        installed: Where the binary package puts the file.

    Returns:
        Holders and licence; where no stanza fits, every licence that the text names.
    """
    best, best_score = None, 0
    for stanza in _stanzas(copyright_text):
        score = max((_agreement(pattern, installed) for pattern in stanza.patterns), default=0)
        if score >= best_score and score > 0:
            best, best_score = stanza.attribution, score
    return best or _named_anywhere(copyright_text)


def _agreement(pattern: str, installed: PurePosixPath) -> int:
    """Trailing components that agree, plus one for a pattern that names the file; 0 when it does not fit."""
    if pattern == "*":
        return 1
    wanted = PurePosixPath(pattern.removeprefix("./")).parts
    actual = installed.parts
    agreeing = 0
    for want, have in zip(reversed(wanted), reversed(actual), strict=False):
        if not fnmatchcase(have, want):
            break
        agreeing += 1
    names_the_file = not wanted[-1].startswith("*") or wanted[-1].count(".") > 0
    if agreeing == 0 or (agreeing == 1 and len(wanted) > 1 and not names_the_file):
        return _below_directory(wanted, actual)
    return agreeing + names_the_file


def _below_directory(wanted: tuple[str, ...], actual: tuple[str, ...]) -> int:
    """`music/*` also covers files deeper below it, and `data/*` all that a game's data package installs."""
    if wanted[-1] != "*" or len(wanted) == 1:
        return 0
    directory = wanted[-2]
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
