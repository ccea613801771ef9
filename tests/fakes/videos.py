"""Video clips that ffmpeg writes for tests: bright and fast-cut, dark and slow, and one that wakes up."""

from pathlib import Path

from tests.fakes.encoded import ffmpeg

BRIGHT = ("0xffd020", "0xff4030", "0x30e060", "0xff90c0", "0x40c0ff")
SIZE = "320x180"


def shots(path: Path, colours: list[tuple[str, float]]) -> Path:
    """Write a clip with a shot of each colour, so many seconds long."""
    inputs = [
        option
        for colour, seconds in colours
        for option in ("-f", "lavfi", "-t", str(seconds), "-i", f"color=c={colour}:s={SIZE}:r=24")
    ]
    joined = "".join(f"[{index}:v]" for index in range(len(colours))) + f"concat=n={len(colours)}:v=1[v]"
    ffmpeg(*inputs, "-filter_complex", joined, "-map", "[v]", "-c:v", "libx264", "-preset", "ultrafast", path)
    return path


def bright_and_fast(path: Path) -> Path:
    """Write six seconds with a cut every half second."""
    return shots(path, [(BRIGHT[index % len(BRIGHT)], 0.5) for index in range(12)])


def dark_and_slow(path: Path) -> Path:
    """Write six seconds of two dark shots."""
    return shots(path, [("0x101018", 3), ("0x181820", 3)])


def waking_up(path: Path) -> Path:
    """Write a still dark shot, and then fast cuts of bright ones."""
    return shots(path, [("0x101018", 5), *((BRIGHT[index % len(BRIGHT)], 0.5) for index in range(8))])
