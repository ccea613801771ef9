"""The corpus: freely licensed music from Debian packages, with credits, for training and evaluation.

`python -m models.corpus.corpus --group train` fetches the packages of one group of `corpus.toml`. A finished package is
a directory `CACHE/PACKAGE` with its tracks, its `copyright` and a `CREDITS.csv`; `CACHE/CREDITS.csv` holds the credits
of all finished packages. An interrupted run leaves a `.partial` directory, which the next run replaces.
"""

import argparse
import csv
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import soundfile
from tinytag import TinyTag
from tinytag.tinytag import TinyTagException

from models.corpus import debian
from models.corpus.debian import attribute

DEFAULT_CACHE = Path("~/.cache/segue/corpus").expanduser()

# Excludes a game's jingles and sound effects, which are shorter.
MIN_SECONDS = 40.0

_GROUPS_FILE = Path(__file__).with_name("corpus.toml")
_AUDIO_SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".flac", ".wav"})

CREDIT_FIELDS = ("package", "file", "title", "author", "licence", "seconds")

Progress = Callable[[str, int, int], None]


class CorpusError(RuntimeError):
    """A package is not in `corpus.toml`; the message names it."""


@dataclass(frozen=True, slots=True)
class CorpusTrack:
    """One piece of music of at least 40 s.

    Attributes:
        package: Debian package, which stands for the track's soundtrack.
        path: Audio file in the cache.
        title: Title tag, or the file's name without suffix.
        author: Artist tag, or the copyright holders.
        licence: Short name of the licence.
        seconds: Duration.
    """

    package: str
    path: Path
    title: str
    author: str
    licence: str
    seconds: float

    @property
    def key(self) -> str:
        """Name of the track within its package for caches: its last two folders and its file name."""
        return "-".join(self.path.parts[-3:])

    def cache_file(self, directory: Path, suffix: str) -> Path:
        """Return the path of a file that caches a result of this track: `DIRECTORY/PACKAGE/KEY` and the suffix."""
        return directory / self.package / f"{self.key}{suffix}"


def packages(group: str) -> list[str]:
    """Return the packages of one group of `corpus.toml`, in the file's order.

    Args:
        group: `train`, `validation` or `demo`.

    Raises:
        KeyError: There is no such group.
    """
    return list(tomllib.loads(_GROUPS_FILE.read_text(encoding="utf-8"))[group])


def fetch(
    names: Iterable[str],
    cache_dir: Path = DEFAULT_CACHE,
    on_progress: Progress = lambda *_: None,
) -> list[CorpusTrack]:
    """Download and unpack packages that are not in the cache, and list their tracks.

    Args:
        names: Debian packages, which must be named in `corpus.toml`.
        cache_dir: Directory of the finished packages.
        on_progress: Called with (package, finished, total) before each package and once at the end.

    Returns:
        The tracks of all packages: by package in the order given, then by path.

    Raises:
        CorpusError: A package is not in `corpus.toml`.
        models.corpus.debian.PackageError: apt cannot fetch a package.
    """
    requested = list(dict.fromkeys(names))
    known = {name for group in ("train", "validation", "demo") for name in packages(group)}
    if unknown := sorted(set(requested) - known):
        raise CorpusError(f"{', '.join(unknown)}: not in corpus.toml. Other packages are reserved for evaluation.")
    tracks: list[CorpusTrack] = []
    for done, name in enumerate(requested):
        on_progress(name, done, len(requested))
        if not _credits_file(cache_dir, name).exists():
            _fetch_package(name, cache_dir)
        tracks += _read_credits(cache_dir, name)
    on_progress("", len(requested), len(requested))
    _write_all_credits(cache_dir, sorted(known))
    return tracks


def _fetch_package(name: str, cache_dir: Path) -> None:
    partial = cache_dir / f"{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    unpacked = partial / "unpacked"
    debian.unpack(name, unpacked, cache_dir / ".apt")
    _unzip_pk3(unpacked)
    notice = unpacked / "usr/share/doc" / name / "copyright"
    text = notice.read_text(encoding="utf-8", errors="replace") if notice.is_file() else ""
    (partial / "copyright").write_text(text, encoding="utf-8")
    _write_credits(partial / "CREDITS.csv", _keep_music(name, unpacked, partial / "audio", text), partial)
    shutil.rmtree(unpacked)
    shutil.rmtree(cache_dir / name, ignore_errors=True)
    partial.rename(cache_dir / name)


def _unzip_pk3(unpacked: Path) -> None:
    """Extract the music of games on Quake's engine from `.pk3` files, which are zip archives."""
    for archive in sorted(unpacked.rglob("*.pk3")):
        if archive.is_symlink():
            continue
        with zipfile.ZipFile(archive) as members:
            for member in members.namelist():
                if PurePosixPath(member).suffix.lower() in _AUDIO_SUFFIXES:
                    members.extract(member, archive.with_suffix(""))


def _keep_music(name: str, unpacked: Path, into: Path, copyright_text: str) -> list[CorpusTrack]:
    tracks = []
    for file in sorted(unpacked.rglob("*")):
        if file.suffix.lower() not in _AUDIO_SUFFIXES or file.is_symlink() or not file.is_file():
            continue
        seconds = _seconds(file)
        if seconds < MIN_SECONDS:
            continue
        installed = file.relative_to(unpacked)
        kept = into / installed
        kept.parent.mkdir(parents=True, exist_ok=True)
        file.rename(kept)
        title, artist = _tags(kept)
        credit = attribute(copyright_text, PurePosixPath(installed))
        tracks.append(CorpusTrack(name, kept, title, artist or credit.holders, credit.licence, seconds))
    return tracks


def _seconds(file: Path) -> float:
    try:
        return float(soundfile.info(str(file)).duration)
    except soundfile.LibsndfileError:
        return 0.0


def _tags(file: Path) -> tuple[str, str]:
    try:
        tag = TinyTag.get(file)
    except TinyTagException:
        return file.stem, ""
    return tag.title or file.stem, tag.artist or ""


def _credits_file(cache_dir: Path, name: str) -> Path:
    return cache_dir / name / "CREDITS.csv"


def write_rows(target: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file in UTF-8 with a header, such as a table of credits."""
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def _write_credits(target: Path, tracks: Iterable[CorpusTrack], root: Path) -> None:
    rows = (
        (
            track.package,
            track.path.relative_to(root).as_posix(),
            track.title,
            track.author,
            track.licence,
            f"{track.seconds:.1f}",
        )
        for track in tracks
    )
    write_rows(target, CREDIT_FIELDS, rows)


def _read_credits(cache_dir: Path, name: str) -> list[CorpusTrack]:
    with _credits_file(cache_dir, name).open(encoding="utf-8", newline="") as stream:
        return [
            CorpusTrack(
                package=row["package"],
                path=cache_dir / name / row["file"],
                title=row["title"],
                author=row["author"],
                licence=row["licence"],
                seconds=float(row["seconds"]),
            )
            for row in csv.DictReader(stream)
        ]


def _write_all_credits(cache_dir: Path, names: Iterable[str]) -> None:
    finished = [name for name in names if _credits_file(cache_dir, name).exists()]
    tracks = (track for name in finished for track in _read_credits(cache_dir, name))
    _write_credits(cache_dir / "CREDITS.csv", tracks, cache_dir)


def main() -> None:
    """Fetch one group and print the number and total duration of its tracks."""
    parser = argparse.ArgumentParser(prog="python -m models.corpus.corpus", description=__doc__)
    parser.add_argument("--group", choices=("train", "validation", "demo"), required=True, help="packages to fetch")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    arguments = parser.parse_args()
    tracks = fetch(packages(arguments.group), arguments.cache, _print_progress)
    hours = sum(track.seconds for track in tracks) / 3600
    sys.stdout.write(f"{len(tracks)} tracks, {hours:.1f} h; credits in {arguments.cache / 'CREDITS.csv'}\n")


def _print_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"{done}/{total} {name}\n")


if __name__ == "__main__":
    main()
