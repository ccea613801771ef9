"""Freely licensed General MIDI soundfonts from Debian packages, and FluidSynth, which plays MIDI files with them.

FluidSynth (LGPL) runs as a separate program while a corpus is rendered; serving does not need it.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

from models.arrays import Float32Array
from models.corpus import debian

SAMPLE_RATE = 32_000  # twice the encoder's rate; a quarter less work than 44.1 kHz

# Load only the programs that a score uses, because an SF3 is compressed. No default soundfont if ours is unreadable.
_LOADING = ("-o", "synth.dynamic-sample-loading=1", "-o", "synth.default-soundfont=")
_UNREADABLE = "not a SoundFont"  # FluidSynth prints this and exits with status 0
_GAIN = "0.5"  # with FluidSynth's default of 0.2 most pieces are quieter than recorded music


class SoundfontError(RuntimeError):
    """A score cannot be played; the message states the reason."""


@dataclass(frozen=True, slots=True)
class Soundfont:
    """A soundfont in a Debian package.

    Attributes:
        name: Folder name of its renderings.
        package: Debian package.
        file: Path in the package.
        author: Author in the package's copyright file.
        licence: Licence of the soundfont in the package's copyright file.
    """

    name: str
    package: str
    file: str
    author: str
    licence: str


# From each package's debian/copyright: the licence of the soundfont itself, not of the packaging.
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
    # FM synthesis, as in many games.
    Soundfont("opl3", "opl3-soundfont", "usr/share/sounds/sf2/OPL-3_FM_128M.sf2", "Zandro Reveille", "CC-BY-SA-4.0"),
)


def fetch(soundfont: Soundfont, cache_dir: Path) -> Path:
    """Download and unpack a soundfont that is not in the cache.

    Args:
        soundfont: One of `SOUNDFONTS`.
        cache_dir: The corpus's cache; the soundfont and its copyright file are kept in `soundfonts/PACKAGE`.

    Returns:
        Path of the soundfont.

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


def play(midi_file: bytes, soundfont: Path) -> Float32Array:
    """Render a standard MIDI file with FluidSynth.

    Args:
        midi_file: Content of the file.
        soundfont: An SF2 or SF3 file.

    Returns:
        (n_samples, 2) float32 stereo at 32 kHz, not limited to ±1, with the decay of the last notes.

    Raises:
        SoundfontError: FluidSynth is missing or fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        score, audio = Path(folder, "score.mid"), Path(folder, "audio.wav")
        score.write_bytes(midi_file)
        _fluidsynth(score, soundfont, audio)
        samples: Float32Array = soundfile.read(audio, dtype="float32", always_2d=True)[0]
    return samples


def _fluidsynth(score: Path, soundfont: Path, audio: Path) -> None:
    program = shutil.which("fluidsynth")
    if program is None:
        raise SoundfontError("fluidsynth is not installed; it renders scores. Install the package `fluidsynth`.")
    settings = ["-g", _GAIN, "-r", str(SAMPLE_RATE), "-o", "synth.cpu-cores=1", *_LOADING, "-O", "float", "-T", "wav"]
    # Both files come from this program: a soundfont of the table above and a composed score.
    result = subprocess.run(  # noqa: S603
        [program, "-n", "-i", "-q", *settings, "-F", str(audio), str(soundfont), str(score)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or _UNREADABLE in result.stderr or not audio.exists():
        raise SoundfontError(f"fluidsynth failed on {soundfont}: {result.stderr.strip()[-500:]}")
