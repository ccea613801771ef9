"""A package that brings an encoder: both networks of musicnn with random weights, which need no download."""

from pathlib import Path

NAME, VERSION, DIMENSION = "random-musicnn", "random-musicnn-1", 400

_MODULE = """
from dataclasses import dataclass

import torch

from models.audio.frontend import MelParameters
from models.teachers.encoder import Musicnn
from models.teachers.musicnn import Teachers


class RandomMusicnn(Musicnn):
    version = "random-musicnn-1"


@dataclass(frozen=True)
class Source:
    version: str = RandomMusicnn.version
    dimension: int = 400

    def load(self):
        torch.manual_seed(5)
        tags = {tower: [f"tag {number}" for number in range(50)] for tower in ("msd", "mtt")}
        teachers = Teachers(MelParameters(), tags).eval()
        for weights in teachers.towers.parameters():
            torch.nn.init.normal_(weights, std=0.05)
        return RandomMusicnn(teachers)


SOURCE = Source()
"""


def write_package(folder: Path) -> Path:
    """Write the package as pip would install it, and return the folder to add to the path."""
    about = folder / "segue_random_musicnn-1.dist-info"
    about.mkdir(parents=True)
    (folder / "segue_random_musicnn.py").write_text(_MODULE)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: segue-random-musicnn\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[segue.encoders]\n{NAME} = segue_random_musicnn:SOURCE\n")
    return folder
