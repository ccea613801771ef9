"""The speech head is fitted to speech; voices are joined and sung as documented."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from models import checkpoint
from models.corpus import debian, singing, speech, spoken
from models.corpus.spoken import SAMPLE_RATE, SpokenPackage, join
from models.evaluation.speech import SPEECH, measure, measure_mixes, page
from models.training.speech import fit_head, logistic_regression
from models.training.voices import Heard, Material
from services.domain.fragments import SPEECHINESS

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def heard(name, bands, seed):
    """Windows of 3.2 s whose sound is in some of the bands."""
    log_mel = np.random.default_rng(seed).uniform(0.0, 0.3, (2, 200, 96))
    log_mel[..., bands] += np.random.default_rng(seed).uniform(1.0, 3.0, (2, 200, bands.stop - bands.start))
    return Heard(name, log_mel.astype(np.float16))


@pytest.fixture(scope="module")
def material():
    """Speech in the middle bands, singing in the high ones, music in the low ones."""
    return Material(
        recorded=[heard(f"voice {seed}", slice(40, 60), seed) for seed in range(4)],
        synthesised=[heard(f"reading {seed}", slice(42, 62), seed) for seed in range(4)],
        sung=[heard(f"song {seed}", slice(70, 90), seed) for seed in range(4)],
        melodies=[heard(f"melody {seed}", slice(20, 30), seed) for seed in range(4)],
        music=[heard(f"piece {seed}", slice(0, 20), seed) for seed in range(8)],
    )


def test_the_head_learns_speech_alone(material):
    """Speech is told from singing, from music, and from music with a quieter voice in it."""
    encoder = checkpoint.load()

    fit_head(encoder, material, seed=0)
    kinds = measure(encoder, material)
    levels = dict(measure_mixes(encoder, material))

    assert [(kind.speech, kind.found) for kind in kinds] == [(True, 4), (True, 4), (False, 0), (False, 0), (False, 0)]
    assert levels[26][0] > 0.9
    assert levels[-9] == [0.0, 0.0, 0.0]
    assert "| eSpeak NG " in page("test", kinds, list(levels.items()))


def test_the_regression_fits_features_that_are_not_standardised():
    """Its layer takes features as they are; a row without weight has no influence."""
    random = np.random.default_rng(0)
    features = torch.from_numpy(random.normal(50.0, 20.0, (300, 5)).astype(np.float32))
    labels = (features[:, 1] > 50.0).float()
    labels[:30] = 1.0 - labels[:30]
    weights = torch.ones(300)
    weights[:30] = 0.0

    layer = logistic_regression(features, labels, weights)

    right = (torch.sigmoid(layer(features))[:, 0] > 0.5) == labels.bool()
    assert right[30:].float().mean() > 0.97
    assert right[:30].float().mean() < 0.1


def test_clips_are_joined_at_one_level(write_sound, sine, tmp_path):
    """Quiet and loud clips get the same level; silent and damaged ones are left out."""
    (tmp_path / "damaged.wav").write_bytes(b"RIFF")
    clips = [
        write_sound("loud.wav", 0.9 * sine(300.0, 1.0)),
        write_sound("quiet.wav", 0.01 * sine(300.0, 2.0)),
        write_sound("silent.wav", 0.0 * sine(300.0, 9.0)),
        tmp_path / "damaged.wav",
    ]

    joined = join(clips, seed=0)

    assert 3.3 < len(joined) / SAMPLE_RATE < 4.8
    level = np.sqrt(np.convolve(joined**2, np.full(1600, 1 / 1600), "valid"))
    loud = level[level > 0.5 * level.max()]
    assert 2.7 < len(loud) / SAMPLE_RATE < 3.3
    assert loud.std() < 0.2 * loud.mean()


def test_voices_are_fetched_once_with_credits(monkeypatch, tmp_path, write_sound, sine):
    """The clips of each voice become one file; a voice of a few seconds is left out."""
    clips = {"long": write_sound("long.wav", sine(300.0, 30.0)), "short": write_sound("short.wav", sine(300.0, 2.0))}
    unpacked = []

    def unpack(name, into, private):
        unpacked.append(name)
        for voice, clip in clips.items():
            (into / voice).mkdir(parents=True)
            shutil.copy(clip, into / voice / "clip.wav")

    package = SpokenPackage("voices", re.compile(r"/(\w+)/clip\.wav$"), "Ann", "CC0-1.0")
    monkeypatch.setattr(debian, "unpack", unpack)
    monkeypatch.setattr(spoken, "SPOKEN_PACKAGES", (package, replace(package, name="others", held_out=True)))

    found = [spoken.fetch(tmp_path, held_out=False) for _ in range(2)]

    assert unpacked == ["voices"]
    assert [[voice.name for voice in voices] for voices in found] == [["long"], ["long"]]
    assert soundfile.info(found[0][0].path).samplerate == SAMPLE_RATE
    assert "voices,speech/voices/long.flac,voice long,Ann,CC0-1.0,30." in (tmp_path / "speech/CREDITS.csv").read_text()


def test_singing_has_the_notes_of_its_seed():
    """The pitch of the speech is replaced by notes, which depend on the seed alone."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    voices = [(0.3 * np.sign(np.sin(2 * np.pi * hertz * time))).astype(np.float32) for hertz in (110.0, 170.0)]

    first, second = (singing.sing(voice, SAMPLE_RATE, 1, SAMPLE_RATE) for voice in voices)
    other = singing.sing(voices[0], SAMPLE_RATE, 2, SAMPLE_RATE)

    assert len(first) == SAMPLE_RATE
    assert np.abs(first).max() == pytest.approx(0.9)
    assert _pitch(first) == pytest.approx(_pitch(second), rel=0.03)
    assert _pitch(first) != pytest.approx(_pitch(other), rel=0.03)


def _pitch(samples):
    """Hz of the strongest repetition in the first quarter of a second, below an octave error."""
    part = samples[: SAMPLE_RATE // 4].astype(np.float64)
    correlation = np.correlate(part, part, "full")[len(part) - 1 :]
    lags = np.arange(SAMPLE_RATE // 700, SAMPLE_RATE // 80)
    return SAMPLE_RATE / lags[correlation[lags].argmax()]


@needs_espeak
def test_voices_for_evaluation_are_others_than_for_training():
    """No language is in both, and every one has sentences."""
    languages = [{voice[:2] for voice in voices} for voices in (speech.VOICES, speech.HELD_OUT_VOICES)]

    assert languages[0].isdisjoint(languages[1])
    for voice in speech.HELD_OUT_VOICES:
        assert np.abs(speech.narrate(SAMPLE_RATE, SAMPLE_RATE, 0, [voice])).max() > 0.01


@needs_espeak
def test_the_shipped_encoder_tells_speech_from_a_chord():
    """A voice that no weights were fitted to counts as spoken word; held notes do not."""
    encoder = checkpoint.load()
    voice = speech.narrate(10 * SAMPLE_RATE, SAMPLE_RATE, 0, ["sv+paul"])
    time = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220.0, 277.2, 329.6)).astype(np.float32)

    found = [encoder.encode(torch.from_numpy(sound[None])).speech for sound in (voice, 0.1 * chord)]

    assert found[0] >= SPEECHINESS
    assert found[1] < 0.1


def test_evaluation_and_service_agree_on_spoken_word():
    """The figures count what the service leaves out of answers."""
    assert SPEECH == SPEECHINESS
