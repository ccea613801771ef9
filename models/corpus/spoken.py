"""Recordings of people who speak, from Debian packages: prompts of telephone systems, dialogues of games, and words.

The recordings are clips of a few seconds. All clips of a voice are joined into one file, with pauses between them, so
that it resembles an audiobook: `CACHE/speech/PACKAGE/VOICE.flac`, mono at 16 kHz. `CACHE/speech/CREDITS.csv` holds the
credits. Packages that are `held_out` are for evaluation only.
"""

import re
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.arrays import Float32Array
from models.corpus import debian
from models.corpus.corpus import CREDIT_FIELDS, Progress, write_rows

SAMPLE_RATE = 16_000  # Hz
LONGEST_SECONDS = 240.0  # of a voice
SHORTEST_SECONDS = 20.0

_SUFFIXES = frozenset({".ogg", ".opus", ".wav"})
_LOUDNESS = 10 ** (-23 / 20)  # RMS of each clip
_SILENCE = 10 ** (-50 / 20)
_PAUSE_SECONDS = (0.15, 0.9)


@dataclass(frozen=True, slots=True)
class SpokenPackage:
    """A Debian package with recordings of speech.

    Attributes:
        name: Name of the package.
        voices: Regular expression of the paths of its clips; its group names the voice, or its language.
        author: Speakers or authors in the package's copyright file.
        licence: Licence of the recordings in the package's copyright file.
        held_out: For evaluation only.
    """

    name: str
    voices: re.Pattern[str]
    author: str
    licence: str
    held_out: bool = False


_PROMPTS = re.compile(r"/sounds/(\w+)/(?!silence/)[\w/-]+\.wav$")
_DIALOGUES = re.compile(r"-(m|v)-[\w-]+\.ogg$")

# From each package's debian/copyright.
SPOKEN_PACKAGES: tuple[SpokenPackage, ...] = (
    SpokenPackage("asterisk-core-sounds-en-wav", _PROMPTS, "Allison Smith", "CC-BY-SA-3.0"),
    SpokenPackage("asterisk-core-sounds-es-wav", _PROMPTS, "Allison Smith", "CC-BY-SA-3.0"),
    SpokenPackage("asterisk-core-sounds-ru-wav", _PROMPTS, "Maxim Topal", "CC-BY-3.0"),
    SpokenPackage("asterisk-prompt-it-menardi-wav", _PROMPTS, "Marco Menardi, Paola Dal Zot", "CC-BY-SA-3.0"),
    SpokenPackage("fillets-ng-data-nl", _DIALOGUES, "Fish Fillets NG team", "GPL-2"),
    SpokenPackage("klettres-data", re.compile(r"/klettres/(\w+)/\w+/[^/]+\.ogg$"), "KDE", "GPL-2+"),
    SpokenPackage("asterisk-core-sounds-fr-wav", _PROMPTS, "June Wallack", "CC-BY-SA-3.0", held_out=True),
    SpokenPackage("asterisk-core-sounds-it-wav", _PROMPTS, "Carlo Flora", "CC-BY-3.0", held_out=True),
    SpokenPackage("fillets-ng-data-cs", _DIALOGUES, "Fish Fillets NG team", "GPL-2", held_out=True),
    SpokenPackage(
        "ktuberling-data", re.compile(r"/sounds/(\w+)/[^/]+\.(?:ogg|wav|opus)$"), "KDE", "GPL-2+", held_out=True
    ),
    SpokenPackage(
        "pocketsphinx-testdata",
        re.compile(r"/(librivox)/[^/]+\.wav$"),
        "Carnegie Mellon University",
        "BSD-2",
        held_out=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """The joined recordings of one voice.

    Attributes:
        package: Where it comes from.
        name: Name of the voice, or its language.
        path: FLAC file.
    """

    package: SpokenPackage
    name: str
    path: Path


def fetch(cache_dir: Path, *, held_out: bool, on_progress: Progress = lambda *_: None) -> list[Voice]:
    """Download, unpack and join the recordings that are not in the cache.

    Args:
        cache_dir: The corpus's cache; voices are written to its folder `speech`.
        held_out: Return voices for evaluation, not those for training.
        on_progress: Called with (package, finished, total) before each package and once at the end.

    Returns:
        The voices: by package in the order of `SPOKEN_PACKAGES`, then by name.

    Raises:
        models.corpus.debian.PackageError: apt cannot fetch a package.
    """
    wanted = [package for package in SPOKEN_PACKAGES if package.held_out is held_out]
    root = cache_dir / "speech"
    voices = []
    for done, package in enumerate(wanted):
        on_progress(package.name, done, len(wanted))
        if not (root / package.name).exists():
            _fetch_package(package, root, cache_dir / ".apt")
        files = sorted((root / package.name).glob("*.flac"))
        voices += [Voice(package, file.stem, file) for file in files]
    on_progress("", len(wanted), len(wanted))
    _write_credits(root, [package for package in SPOKEN_PACKAGES if (root / package.name).exists()])
    return voices


def _fetch_package(package: SpokenPackage, root: Path, private: Path) -> None:
    partial = root / f"{package.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    unpacked = partial / "unpacked"
    debian.unpack(package.name, unpacked, private)
    clips = defaultdict(list)
    for file in sorted(unpacked.rglob("*")):
        found = package.voices.search(file.as_posix())
        if found and file.suffix in _SUFFIXES and file.is_file() and not file.is_symlink():
            clips[found[1]].append(file)
    for name, files in sorted(clips.items()):
        joined = join(files, seed=len(files))
        if len(joined) >= SHORTEST_SECONDS * SAMPLE_RATE:
            soundfile.write(partial / f"{name}.flac", joined, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    shutil.rmtree(unpacked)
    partial.rename(root / package.name)


def join(clips: Sequence[Path], seed: int) -> Float32Array:
    """Join clips in random order with pauses, each at the same level.

    Args:
        clips: Sound files; silent and unreadable ones are omitted.
        seed: Seed of the order and the pauses.

    Returns:
        (n_samples,) float32 mono at 16 kHz, 240 s at most.
    """
    random = np.random.default_rng(seed)
    parts: list[Float32Array] = []
    length = 0
    for index in random.permutation(len(clips)):
        clip = _clip(clips[index])
        if clip is None:
            continue
        pause = np.zeros(round(random.uniform(*_PAUSE_SECONDS) * SAMPLE_RATE), dtype=np.float32)
        parts += [clip, pause]
        length += len(clip) + len(pause)
        if length > LONGEST_SECONDS * SAMPLE_RATE:
            break
    joined = np.concatenate([np.zeros(0, dtype=np.float32), *parts])
    return joined[: round(LONGEST_SECONDS * SAMPLE_RATE)]


def _clip(file: Path) -> Float32Array | None:
    try:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    mono = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE)
    loudness = float(np.sqrt(np.mean(np.square(mono)))) if len(mono) else 0.0
    if loudness < _SILENCE:
        return None
    levelled: Float32Array = np.clip(mono * (_LOUDNESS / loudness), -1.0, 1.0).astype(np.float32)
    return levelled


def _write_credits(root: Path, packages: Sequence[SpokenPackage]) -> None:
    rows = []
    for package in packages:
        for file in sorted((root / package.name).glob("*.flac")):
            seconds = f"{soundfile.info(file).duration:.1f}"
            path = file.relative_to(root.parent).as_posix()
            rows.append((package.name, path, f"voice {file.stem}", package.author, package.licence, seconds))
    write_rows(root / "CREDITS.csv", CREDIT_FIELDS, rows)
