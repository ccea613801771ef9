"""Synthetic speech by eSpeak NG in several languages and voices, for mixing with music.

eSpeak NG (GPL) runs as a separate program while a corpus is rendered; the sentences are written for Segue.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.arrays import Float32Array

VOICES = ("en-us", "en-gb+f3", "en-us+m5", "de+m3", "de+f2", "fr+f4", "fr+m2", "es+m4", "es+f1", "it+f3")
"""Voices and languages for training."""

HELD_OUT_VOICES = ("nl+klatt2", "nl+f5", "pt+m7", "pt+Alicia", "pl+m1", "pl+linda", "sv+paul", "sv+belinda", "fi+m8")
"""Voices and languages for evaluation, none of which training uses."""

_WORDS_PER_MINUTE = (120, 190)
_PITCH = (25, 75)  # on eSpeak's scale 0…99
_PAUSE_SECONDS = (0.3, 2.5)
_SENTENCES = {
    "en": (
        "The lamps along the harbour go out one after another.",
        "Nobody remembers who built the tower, yet everyone has climbed it.",
        "Bring the maps, the rope and whatever is left of the bread.",
        "Tonight the river stands higher than it has stood in years.",
        "You were told to wait at the gate, and still you came.",
    ),
    "de": (
        "Am Hafen erlischt eine Laterne nach der anderen.",
        "Niemand weiß mehr, wer den Turm gebaut hat.",
        "Bringt die Karten, das Seil und den Rest vom Brot.",
        "Heute Nacht steht der Fluss höher als seit Jahren.",
    ),
    "fr": (
        "Les lampes du port s'éteignent l'une après l'autre.",
        "Personne ne sait plus qui a bâti cette tour.",
        "Apportez les cartes, la corde et le reste du pain.",
    ),
    "es": (
        "Las luces del puerto se apagan una tras otra.",
        "Nadie recuerda quién levantó la torre.",
        "Traed los mapas, la cuerda y lo que queda del pan.",
    ),
    "it": (
        "Le luci del porto si spengono una dopo l'altra.",
        "Nessuno ricorda chi ha costruito la torre.",
        "Portate le mappe, la corda e quel che resta del pane.",
    ),
    "nl": (
        "De lampen langs de haven gaan één voor één uit.",
        "Niemand weet nog wie de toren heeft gebouwd.",
        "Neem de kaarten mee, het touw en de rest van het brood.",
    ),
    "pt": (
        "As luzes do porto apagam-se uma a uma.",
        "Ninguém se lembra de quem construiu a torre.",
        "Tragam os mapas, a corda e o que sobra do pão.",
    ),
    "pl": (
        "Lampy w porcie gasną jedna po drugiej.",
        "Nikt już nie pamięta, kto zbudował tę wieżę.",
        "Przynieście mapy, linę i resztę chleba.",
    ),
    "sv": (
        "Lamporna längs hamnen slocknar en efter en.",
        "Ingen minns vem som byggde tornet.",
        "Ta med kartorna, repet och det som är kvar av brödet.",
    ),
    "fi": (
        "Sataman valot sammuvat yksi toisensa jälkeen.",
        "Kukaan ei muista, kuka tornin rakensi.",
        "Tuokaa kartat, köysi ja loput leivästä.",
    ),
}


class SpeechError(RuntimeError):
    """eSpeak NG is missing or fails; the message states the reason."""


def narrate(length: int, sample_rate: int, seed: int, voices: Sequence[str] = VOICES) -> Float32Array:
    """Synthesise one voice that speaks sentences with pauses between them.

    Args:
        length: Number of samples.
        sample_rate: Hz.
        seed: Seed of the voice, speed, pitch, sentences and pauses.
        voices: Voices of eSpeak NG, of which one is drawn; their languages are those of the sentences.

    Returns:
        (length,) float32 mono within ±1.

    Raises:
        SpeechError: eSpeak NG is missing or fails.
    """
    rng = np.random.default_rng(seed)
    voice = voices[int(rng.integers(len(voices)))]
    speed, pitch = int(rng.integers(*_WORDS_PER_MINUTE)), int(rng.integers(*_PITCH))
    sentences = _SENTENCES[voice[:2]]
    spoken = [_speak(sentence, voice, speed, pitch, sample_rate) for sentence in sentences]
    track = np.zeros(length, dtype=np.float32)
    start = 0
    while start < length:
        sentence = spoken[int(rng.integers(len(spoken)))][: length - start]
        track[start : start + len(sentence)] = sentence
        start += len(sentence) + int(rng.uniform(*_PAUSE_SECONDS) * sample_rate)
    return track


def _speak(text: str, voice: str, speed: int, pitch: int, sample_rate: int) -> Float32Array:
    program = shutil.which("espeak-ng")
    if program is None:
        raise SpeechError("espeak-ng is not installed; it synthesises speech. Install the package `espeak-ng`.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "speech.wav")
        # Voice and text are constants of this file.
        result = subprocess.run(  # noqa: S603
            [program, "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", str(file), text],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0 or not file.exists():
            raise SpeechError(f"espeak-ng failed with voice {voice}: {result.stderr.strip()[-500:]}")
        samples, rate = soundfile.read(file, dtype="float32")
    resampled: Float32Array = soxr.resample(samples, rate, sample_rate)
    return resampled
