"""The installed ffmpeg: where it is, its version, and the command that installs it. Standard library only.

ffmpeg decodes the formats that libsndfile does not read. It is a separate, optional program on the PATH.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OLDEST = (4, 4)
"""The oldest version with every option that Segue uses."""

VERSION_SECONDS = 30.0  # it takes tenths of a second, or many on a busy machine
VERSION = re.compile(r"ffmpeg version (\S{1,60})")
NUMBERS = re.compile(r"n?(\d+)\.(\d+)")

# The decoders of music that ffmpeg has; it opens no other, such as those of pictures inside the file.
MUSIC_DECODERS = (
    "8svx_exp 8svx_fib aac aac_latm ac3 adpcm_adx adpcm_g722 adpcm_g726 adpcm_g726le adpcm_ima_qt adpcm_ima_wav "
    "adpcm_ms adpcm_swf adpcm_yamaha alac als amrnb amrwb ape atrac1 atrac3 atrac3al atrac3plus atrac3plusal "
    "atrac9 cook dca dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar dst eac3 flac g722 g726 g726le gsm gsm_ms "
    "ilbc libspeex mace3 mace6 mlp mp1 mp1float mp2 mp2float mp3 mp3adu mp3adufloat mp3float mp3on4 mp3on4float "
    "mpc7 mpc8 nellymoser opus pcm_alaw pcm_bluray pcm_dvd pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_mulaw "
    "pcm_s16be pcm_s16be_planar pcm_s16le pcm_s16le_planar pcm_s24be pcm_s24le pcm_s24le_planar pcm_s32be "
    "pcm_s32le pcm_s32le_planar pcm_s64be pcm_s64le pcm_s8 pcm_s8_planar pcm_u16be pcm_u16le pcm_u24be pcm_u24le "
    "pcm_u32be pcm_u32le pcm_u8 qdm2 qdmc ra_144 ra_288 ralf real_144 real_288 shorten sipr sonic speex tak "
    "truehd tta twinvq vorbis wavpack wmalossless wmapro wmav1 wmav2 wmavoice xma1 xma2"
).replace(" ", ",")

PACKAGES = Path(__file__).parents[1]
CONFINED = f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); from models.sandbox.convert import main; main()"

# Package manager → the command that installs ffmpeg.
COMMANDS = {
    "apt-get": "sudo apt-get install ffmpeg",
    "dnf": "sudo dnf install ffmpeg-free",
    "pacman": "sudo pacman -S ffmpeg",
    "zypper": "sudo zypper install ffmpeg",
    "apk": "sudo apk add ffmpeg",
    "brew": "brew install ffmpeg",
    "port": "sudo port install ffmpeg",
}


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An installed ffmpeg.

    Attributes:
        path: Absolute path of the program.
        version: As the program prints it, such as `5.1.9-0+deb12u1`.
    """

    path: str
    version: str

    def confined(self, file: int, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs it with access to one open file only; see `models.sandbox.convert`.

        Args:
            file: Descriptor of the file, which the command must inherit.
            arguments: Its arguments, with the file as `/proc/self/fd/N` or `/dev/fd/N`.
        """
        return [sys.executable, "-I", "-c", CONFINED, self.path, str(os.getpid()), str(file), *arguments]


@cache
def find_ffmpeg() -> Ffmpeg | None:
    """Return the ffmpeg on the PATH; None if there is none, or if it is older than `OLDEST`."""
    path = shutil.which("ffmpeg")
    if path is None:
        return None
    try:
        found = subprocess.run(  # noqa: S603  the program that the user installed
            [path, "-version"], capture_output=True, stdin=subprocess.DEVNULL, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = VERSION.match(found.stdout.decode("utf-8", "replace"))
    return Ffmpeg(path, version[1]) if version and is_recent(version[1]) else None


def is_recent(version: str) -> bool:
    """Return whether a version is not older than `OLDEST`; builds of a development branch have no number and are."""
    numbers = NUMBERS.match(version)
    return numbers is None or (int(numbers[1]), int(numbers[2])) >= OLDEST


def install_command() -> str:
    """Return the command that installs ffmpeg on this machine, or what to do where no package manager is known."""
    managers = ("brew", "port") if sys.platform == "darwin" else COMMANDS
    found = next((COMMANDS[manager] for manager in managers if shutil.which(manager)), None)
    return found or "install the package ffmpeg of your system"
