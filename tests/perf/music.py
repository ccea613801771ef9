"""Music for benchmarks: four synthesised minutes, 44.1 kHz stereo, in each format."""

from pathlib import Path

import soundfile
import soxr

from models.corpus.synthesis import SAMPLE_RATE, Piece, render, write

MINUTES = 4
PIECE = Piece("Bench", "Bench", 120, 45, minor=True, brightness=0.6, percussion=0.6, seconds=60 * MINUTES)
OPUS_RATE = 48_000  # Hz, the full rate of Opus


def tracks(folder: Path, suffixes: tuple[str, ...] = ("mp3", "ogg", "flac", "opus")) -> dict[str, Path]:
    """Write the piece in each format."""
    files = {suffix: folder / f"track.{suffix}" for suffix in suffixes}
    for suffix, file in files.items():
        if suffix == "opus":
            _write_opus(file)
        else:
            write(PIECE, file)
    return files


def variants(folder: Path, number: int) -> list[Path]:
    """Write mp3 tracks that differ in level only, because equal files are one track."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = render(PIECE)
    files = [folder / f"{index}.mp3" for index in range(number)]
    for index, file in enumerate(files):
        with soundfile.SoundFile(file, "w", SAMPLE_RATE, 2, format="MP3") as sink:
            for start in range(0, len(samples), SAMPLE_RATE):
                sink.write(samples[start : start + SAMPLE_RATE] * (1 - index / (2 * number)))
    return files


def _write_opus(file: Path) -> None:
    samples = soxr.resample(render(PIECE), SAMPLE_RATE, OPUS_RATE)
    with soundfile.SoundFile(file, "w", OPUS_RATE, 2, format="OGG", subtype="OPUS") as sink:
        for start in range(0, len(samples), OPUS_RATE):  # libsndfile can crash on one long write
            sink.write(samples[start : start + OPUS_RATE])
