"""A package that brings an encoder, both networks of musicnn with random weights, and a text tower of its space."""

from pathlib import Path

NAME, VERSION, DIMENSION = "random-musicnn", "random-musicnn-1", 400

_ENCODER = """
from dataclasses import dataclass

import torch

from models.audio.frontend import MelParameters
from models.encoders.interface import encoding_of
from models.teachers.encoder import Musicnn
from models.teachers.musicnn import Teachers


class RandomMusicnn(Musicnn):
    version = "random-musicnn-1"

    def __init__(self, teachers):
        super().__init__(teachers)
        silence, _ = teachers.encode_log_mel(torch.zeros(1, 200, 96))
        self._silence = silence

    def encode_log_mel(self, log_mel):
        penultimate, tags = self._teachers.encode_log_mel(log_mel)
        heard = dict(zip(self._teachers.tag_names, tags.mean(0).tolist(), strict=True))
        return encoding_of(penultimate - self._silence, heard)


@dataclass(frozen=True)
class Source:
    version: str = RandomMusicnn.version
    dimension: int = 400

    def load(self):
        torch.manual_seed(5)
        tags = {tower: [f"tag {number}" for number in range(50)] for tower in ("msd", "mtt")}
        teachers = Teachers(MelParameters(), tags).eval()
        for weights in teachers.towers.parameters():
            torch.nn.init.normal_(weights, std=0.3)
        return RandomMusicnn(teachers)


SOURCE = Source()
"""

_TOWER = """
import numpy as np


class Tower:
    version = "random-musicnn-1"

    def embed(self, text):
        return np.eye(400, dtype=np.float32)[len(text)]
"""


def write_package(folder: Path) -> Path:
    """Write the package as pip would install it, and return the folder to add to the path."""
    about = folder / "segue_random_musicnn-1.dist-info"
    about.mkdir(parents=True)
    (folder / "segue_random_musicnn.py").write_text(_ENCODER)
    (folder / "segue_random_words.py").write_text(_TOWER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: segue-random-musicnn\nVersion: 1\n")
    encoders = f"[segue.encoders]\n{NAME} = segue_random_musicnn:SOURCE\n"
    towers = f"[segue.text_towers]\n{VERSION} = segue_random_words:Tower\n"
    (about / "entry_points.txt").write_text(encoders + towers)
    return folder
