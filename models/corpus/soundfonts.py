"""Freely licensed General MIDI soundfonts out of Debian packages, and FluidSynth to play scores with them.

FluidSynth (LGPL) is a program that is run while a corpus is made; nothing at run time needs it.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.corpus import debian

SAMPLE_RATE = 32_000  # twice what the encoder hears; a quarter less work than 44.1 kHz

# Only the programs that a score uses: an SF3 is compressed. And no other soundfont in place of an unreadable one.
_LOADING = ("-o", "synth.dynamic-sample-loading=1", "-o", "synth.default-soundfont=")
_UNREADABLE = "not a SoundFont"  # what FluidSynth says of it, to end successfully
_GAIN = "0.5"  # FluidSynth's own default of 0.2 leaves most pieces below what recorded music has


class SoundfontError(RuntimeError):
    """A score cannot be played here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Soundfont:
    """A soundfont.

    Attributes:
        name: What its renderings' folder is called.
        package: Debian package.
        file: Its path in the package.
        author: As the package's copyright file states.
        licence: Likewise.
    """

    name: str
    package: str
    file: str
    author: str
    licence: str


# Read in each package's debian/copyright; the licence that covers the soundfont itself, not the packaging.
SOUNDFONTS: tuple[Soundfont, ...] = (
    Soundfont(
        "fluid", "fluid-soundfont-gm", "usr/share/sounds/sf2/FluidR3_GM.sf2", "Frank Wen and contributors", "MIT"
    ),
    Soundfont(
        "musescore",
        "musescore-general-soundfont",
        "usr/share/sounds/sf3/MuseScore_General_Full.sf3",
        "S. Christian Collins, Frank Wen, Michael Cowgill and contributors",
        "MIT",
    ),
    Soundfont(
        "timgm",
        "timgm6mb-soundfont",
        "usr/share/sounds/sf2/TimGM6mb.sf2",
        "Tim Brechbill, David Bolton",
        "GPL-2",
    ),
    # FM synthesis: the sound of many games.
    Soundfont("opl3", "opl3-soundfont", "usr/share/sounds/sf2/OPL-3_FM_128M.sf2", "Zandro Reveille", "CC-BY-SA-4.0"),
)


def fetch(soundfont: Soundfont, cache_dir: Path) -> Path:
    """Download and unpack a soundfont where the cache lacks it.

    Args:
        soundfont: One of `SOUNDFONTS`.
        cache_dir: It is kept in `soundfonts/PACKAGE` below, with its package's copyright file.

    Returns:
        The soundfont's file.

    Raises:
        models.corpus.debian.PackageError: apt cannot fetch it.
    """
    kept = cache_dir / "soundfonts" / soundfont.package
    file = kept / Path(soundfont.file).name
    if file.exists():
        return file
    partial = kept.with_name(f"{soundfont.package}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpacked = partial / "unpacked"
    debian.unpack(soundfont.package, unpacked, cache_dir / ".apt")
    (unpacked / soundfont.file).rename(partial / file.name)
    (unpacked / "usr/share/doc" / soundfont.package / "copyright").rename(partial / "copyright")
    shutil.rmtree(unpacked)
    shutil.rmtree(kept, ignore_errors=True)
    partial.rename(kept)
    return file


def play(midi_file: bytes, soundfont: Path) -> NDArray[np.float32]:
    """Play a standard MIDI file.

    Args:
        midi_file: Its bytes.
        soundfont: An SF2 or SF3 file.

    Returns:
        Stereo samples at 32 kHz, shape (samples, 2), not limited to ±1; the last notes fade out.

    Raises:
        SoundfontError: FluidSynth is missing or fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        score, audio = Path(folder, "score.mid"), Path(folder, "audio.wav")
        score.write_bytes(midi_file)
        _fluidsynth(score, soundfont, audio)
        samples: NDArray[np.float32] = soundfile.read(audio, dtype="float32", always_2d=True)[0]
    return samples


def _fluidsynth(score: Path, soundfont: Path, audio: Path) -> None:
    program = shutil.which("fluidsynth")
    if program is None:
        raise SoundfontError("fluidsynth is needed to play scores: install the package of that name.")
    settings = ["-g", _GAIN, "-r", str(SAMPLE_RATE), "-o", "synth.cpu-cores=1", *_LOADING, "-O", "float", "-T", "wav"]
    # Both files are our own: a soundfont of the table above and a score that was composed here.
    result = subprocess.run(  # noqa: S603
        [program, "-n", "-i", "-q", *settings, "-F", str(audio), str(soundfont), str(score)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or _UNREADABLE in result.stderr or not audio.exists():
        raise SoundfontError(f"fluidsynth failed on {soundfont}: {result.stderr.strip()[-500:]}")
