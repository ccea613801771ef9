"""Freely licensed music out of Debian packages, with its credits: what weights are fitted and judged on.

`python -m models.corpus.corpus --group train` fetches the packages of one group of `corpus.toml`. A
finished package is a directory `CACHE/PACKAGE` with its tracks, its `copyright` and a `CREDITS.csv`;
`CACHE/CREDITS.csv` holds the credits of all of them. An interrupted run leaves only a `.partial` directory,
and the next one resumes.
"""

import argparse
import csv
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import soundfile
from tinytag import TinyTag
from tinytag.tinytag import TinyTagException

from models.corpus import debian
from models.corpus.attribution import attribute

DEFAULT_CACHE = Path("~/.cache/segue/corpus").expanduser()

# A game's jingles and sound effects are shorter; a loop of music is not.
MIN_SECONDS = 40.0

_GROUPS_FILE = Path(__file__).with_name("corpus.toml")
_AUDIO_SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".flac", ".wav"})
_CREDIT_FIELDS = ("package", "file", "title", "author", "licence", "seconds")

Progress = Callable[[str, int, int], None]


class CorpusError(RuntimeError):
    """A package is none of the corpus; the message says which."""


@dataclass(frozen=True, slots=True)
class CorpusTrack:
    """One piece of music of at least `MIN_SECONDS`; its package is its soundtrack."""

    package: str
    path: Path
    title: str
    author: str
    licence: str
    seconds: float

    @property
    def key(self) -> str:
        """Name of the track in its package, for caches: the last two folders and the file; no two share one."""
        return "-".join(self.path.parts[-3:])


def packages(group: str) -> list[str]:
    """Packages of one group, in the file's order.

    Args:
        group: `train`, `validation` or `demo`.

    Raises:
        KeyError: no such group.
    """
    return list(tomllib.loads(_GROUPS_FILE.read_text(encoding="utf-8"))[group])


def fetch(
    names: Iterable[str],
    cache_dir: Path = DEFAULT_CACHE,
    on_progress: Progress = lambda *_: None,
) -> list[CorpusTrack]:
    """Download and unpack what the cache lacks, and list every track.

    Args:
        names: Debian packages; only those named in `corpus.toml` are accepted.
        cache_dir: Where finished packages are kept.
        on_progress: Called with (package, finished, total) before each package and once at the end.

    Returns:
        The tracks of all packages, by package in the order given, then by path.

    Raises:
        CorpusError: a package is not part of the corpus.
        models.corpus.debian.PackageError: apt cannot fetch one.
    """
    wanted = list(dict.fromkeys(names))
    known = {name for group in ("train", "validation", "demo") for name in packages(group)}
    if strangers := sorted(set(wanted) - known):
        raise CorpusError(f"{', '.join(strangers)}: not in corpus.toml, so reserved for independent evaluation")
    tracks: list[CorpusTrack] = []
    for done, name in enumerate(wanted):
        on_progress(name, done, len(wanted))
        if not _credits_file(cache_dir, name).exists():
            _fetch_package(name, cache_dir)
        tracks += _read_credits(cache_dir, name)
    on_progress("", len(wanted), len(wanted))
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
    """Games on Quake's engine keep their music inside a zip file."""
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


def _write_credits(target: Path, tracks: Iterable[CorpusTrack], root: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_CREDIT_FIELDS)
        for track in tracks:
            file = track.path.relative_to(root).as_posix()
            credit = (track.title, track.author, track.licence, f"{track.seconds:.1f}")
            writer.writerow([track.package, file, *credit])


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
    """Fetch one group and print what came."""
    parser = argparse.ArgumentParser(prog="python -m models.corpus.corpus", description=__doc__)
    parser.add_argument("--group", choices=("train", "validation", "demo"), required=True)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="default: %(default)s")
    arguments = parser.parse_args()
    tracks = fetch(packages(arguments.group), arguments.cache, _print_progress)
    hours = sum(track.seconds for track in tracks) / 3600
    sys.stdout.write(f"{len(tracks)} tracks, {hours:.1f} h; credits in {arguments.cache / 'CREDITS.csv'}\n")


def _print_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"{done}/{total} {name}\n")


if __name__ == "__main__":
    main()
