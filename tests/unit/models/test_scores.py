"""Composed scores: repeatable, written as their template asks, and rendered within bounds."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from models.corpus import speech
from models.corpus.scores import patterns, scores
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.melody import PROGRESSIONS, SCALES, Key, nearest_chord_degree
from models.corpus.scores.score import DRUM_CHANNEL, Note, Part, Score, midi
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, SoundfontError, play

BY_NAME = {genre.name: genre for genre in GENRES}
CACHED = [font for font in SOUNDFONTS if (scores.DEFAULT_CACHE / "soundfonts" / font.package).is_dir()]

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not CACHED, reason="needs fluidsynth and a soundfont in the cache"
)
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def test_a_score_is_written_as_the_standard_says():
    """One note at 120 a minute in 6/8 gives these bytes: header, conductor's track, the part's track."""
    part = Part("p", 2, 46, 64, 40, 0, (Note(1.0, 0.5, 60, 100),))
    score = Score("t", "g", 120.0, (6, 8), "major", (part,))

    assert midi(score) == (
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0"
        b"MTrk\x00\x00\x00\x18\x00\xff\x03\x01t\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x06\x03\x18\x08\x00\xff\x2f\x00"
        b"MTrk\x00\x00\x00\x26\x00\xff\x03\x01p\x00\xc2\x2e\x00\xb2\x07\x64\x00\xb2\x0a\x40\x00\xb2\x5b\x28\x00\xb2\x5d\x00"
        b"\x83\x60\x92\x3c\x64\x81\x70\x92\x3c\x00\x00\xff\x2f\x00"
    )


def test_a_repeated_note_ends_before_it_sounds_again():
    """Where one note ends and the same one starts, the end is written first, whatever the order of the notes."""
    notes = (Note(1.0, 1.0, 60, 90), Note(0.0, 1.0, 60, 80))
    written = midi(Score("t", "g", 120.0, (4, 4), "major", (Part("p", 0, 0, 64, 0, 0, notes),)))

    assert written.index(b"\x90\x3c\x00") < written.index(b"\x90\x3c\x5a")


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_composing_is_repeatable_and_pieces_differ(genre):
    """The same genre and number give the same score, another number another one."""
    first, again, second = compose(genre, 0), compose(genre, 0), compose(genre, 1)

    assert first == again
    assert first.parts != second.parts


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_a_piece_has_the_tempo_metre_and_programs_of_its_genre(genre):
    """What a template leaves open is drawn from what it names, and the file carries it."""
    for number in range(3):
        score = compose(genre, number)
        written = midi(score)

        assert genre.tempo[0] <= score.tempo <= genre.tempo[1]
        assert score.metre in genre.metres
        assert score.mode in genre.modes
        assert b"\xff\x51\x03" + round(60e6 / score.tempo).to_bytes(3, "big") in written
        assert b"\xff\x58\x04" + bytes((score.metre[0], {4: 2, 8: 3}[score.metre[1]])) in written
        for part in score.parts:
            assert bytes((0xC0 | part.channel, part.program)) in written
            allowed = {"melody": genre.lead, "doubling": genre.lead, "drums": (0,)}
            assert part.program in (allowed.get(part.name) or getattr(genre, part.name))
            assert (part.name == "drums") == (part.channel == DRUM_CHANNEL)
            assert all(0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 for note in part.notes)


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_templates_name_what_exists(genre):
    """Every mode has a scale and progressions, and every style, bass line and drum pattern is defined."""
    assert set(genre.modes) <= set(SCALES) & set(PROGRESSIONS)
    assert {*genre.styles, *genre.layer_styles} <= set(patterns.ACCOMPANIMENTS)
    assert set(genre.bass_lines) <= set(patterns.BASS_LINES)
    assert set(genre.drums) <= set(patterns.DRUMS)


def test_patterns_fill_their_bar():
    """A pattern has a sixteenth's character for each sixteenth of its metre, and a form for 4/4."""
    sixteenths = {"4/4": 16, "3/4": 12, "6/8": 12}
    kits = [forms for kit in patterns.DRUMS.values() for forms in kit.values()]
    chords = [*patterns.ACCOMPANIMENTS.values(), *patterns.BASS_LINES.values()]

    for forms in [*kits, *chords]:
        assert all(len(pattern) == sixteenths[metre] for metre, pattern in forms.items()), forms
        assert len(patterns.bar(forms, (2, 4))) == 8
        assert len(patterns.bar(forms, (6, 8))) == 12


def test_a_section_returns_with_the_same_melody():
    """Sections of one theme have the same tones: that is what makes them a theme."""
    calm = Genre("calm", (120, 120), ("major",), lead=(0,), chords=(0,), styles=("pad",))
    pieces = (compose(calm, number, 64.0) for number in range(8))
    melody = next(part for piece in pieces for part in piece.parts if part.name == "melody")
    by_section: dict[int, list[int]] = {}
    for note in melody.notes:
        by_section.setdefault(round(note.beat) // 32, []).append(note.pitch)

    assert len(by_section) > len({tuple(tones) for tones in by_section.values()})


def test_the_melody_of_a_pentatonic_piece_leaves_two_tones_out():
    """In C the major pentatonic has neither F nor B, and the minor one neither D nor A flat."""
    major = {Key(0, "major pentatonic").pitch(Key(0, "major pentatonic").sung(degree)) % 12 for degree in range(7)}
    minor = {Key(0, "minor pentatonic").pitch(Key(0, "minor pentatonic").sung(degree)) % 12 for degree in range(7)}

    assert major == {0, 2, 4, 7, 9}
    assert minor == {0, 3, 5, 7, 10}


def test_chords_are_stacked_thirds():
    """The fifth degree of C major carries G, B, D; of A minor with its raised seventh E, G sharp, B."""
    assert Key(0, "major").tones(4, sevenths=False)[:3] == (55, 59, 62)
    assert Key(9, "harmonic minor").tones(4, sevenths=False)[:3] == (52, 56, 59)
    assert Key(0, "major").tones(4, sevenths=True)[:4] == (55, 59, 62, 65)
    assert [nearest_chord_degree(degree, 0) for degree in range(-1, 8)] == [0, 0, 0, 2, 2, 4, 4, 7, 7]


def test_the_plan_has_every_genre_with_two_soundfonts_at_two_tempi():
    """A piece is played twice, by different soundfonts and at different tempi, in about a minute and a quarter."""
    plan = [rendering for rendering in scores.planned() if rendering.speech_level is None]
    files = {rendering.file for rendering in scores.planned()}
    pieces: dict[str, list[scores.Rendering]] = {}
    for rendering in plan:
        pieces.setdefault(rendering.score.title, []).append(rendering)

    assert len(files) == len(list(scores.planned()))
    assert {rendering.score.genre for rendering in plan} == set(BY_NAME)
    assert {rendering.soundfont for rendering in plan} == set(SOUNDFONTS)
    for first, second in pieces.values():
        assert first.soundfont != second.soundfont
        assert abs(first.score.tempo / second.score.tempo - 1.0) > 0.1
        assert 55.0 <= first.score.seconds <= 95.0
        assert 55.0 <= second.score.seconds <= 95.0


def test_every_soundfont_is_credited_under_a_free_licence():
    """Author and licence of each soundfont are stated, and none is outside the licences we accept for training."""
    assert len({font.name for font in SOUNDFONTS}) == len(SOUNDFONTS)
    for font in SOUNDFONTS:
        assert font.author
        assert font.licence in {"MIT", "GPL-2", "CC-BY-SA-4.0"}


@pytest.mark.skipif(not CACHED, reason="needs a soundfont in the cache")
def test_the_stated_licence_stands_in_the_package():
    """The licence in our table is one that the package's own copyright file names."""
    phrases = {"MIT": "MIT", "GPL-2": "License: GPL-2\n", "CC-BY-SA-4.0": "License: CC-BY-SA-4.0"}
    for font in CACHED:
        notice = (scores.DEFAULT_CACHE / "soundfonts" / font.package / "copyright").read_text(encoding="utf-8")

        assert phrases[font.licence] in notice, font.package


@needs_fluidsynth
def test_a_note_is_played_in_tune():
    """An A above middle C has its strongest partial at 440 Hz or a multiple."""
    organ = Part("p", 0, 19, 64, 0, 0, (Note(0.0, 4.0, 69, 110),))
    score = Score("a", "g", 120.0, (4, 4), "major", (organ,))
    file = scores.DEFAULT_CACHE / "soundfonts" / CACHED[0].package
    soundfont = next(path for path in file.iterdir() if path.suffix in {".sf2", ".sf3"})

    samples = play(midi(score), soundfont)
    second = samples[SAMPLE_RATE // 2 : SAMPLE_RATE * 3 // 2].mean(axis=1)
    strongest = int(np.abs(np.fft.rfft(second)).argmax())  # bins of 1 Hz

    assert len(samples) >= 2 * SAMPLE_RATE
    assert min(abs(strongest - 440 * partial) for partial in (0.5, 1, 2, 3, 4)) <= 6


@needs_fluidsynth
def test_what_fluidsynth_cannot_read_is_an_error(tmp_path):
    """A soundfont that is none fails with its name and never gives silence."""
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF")
    score = compose(BY_NAME["piano-solo"], 0, 8.0)

    with pytest.raises(SoundfontError, match=r"broken\.sf2"):
        play(midi(score), broken)


def test_a_rendering_is_checked_against_the_plan():
    """Silence and a rendering that breaks off are refused; a ringing tail is faded out."""
    score = replace(compose(BY_NAME["piano-solo"], 0, 8.0), tempo=200.0)
    rendering = scores.Rendering(score, SOUNDFONTS[0], None, 0)
    length = round(score.seconds * SAMPLE_RATE)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (length + 20 * SAMPLE_RATE, 2)).astype(np.float32)

    kept = scores._checked(rendering, noise)

    assert len(kept) == round((score.seconds + 4.0) * SAMPLE_RATE)
    assert not kept[-1].any()
    with pytest.raises(scores.ScoreError, match="silent"):
        scores._checked(rendering, noise * 1e-4)
    with pytest.raises(scores.ScoreError, match="instead of"):
        scores._checked(rendering, noise[: length - SAMPLE_RATE])


def test_music_out_of_phase_survives_a_mono_mix():
    """Where left and right would cancel, left is heard on both sides; other music keeps its width."""
    rng = np.random.default_rng(0)
    left = rng.normal(0.0, 0.1, 4_000).astype(np.float32)
    opposed = np.stack((left, -0.9 * left), axis=1)
    wide = np.stack((left, 0.3 * left), axis=1)

    assert np.array_equal(scores._mono_compatible(opposed), np.stack((left, left), axis=1))
    assert np.array_equal(scores._mono_compatible(wide), wide)


@needs_espeak
def test_speech_has_words_and_pauses():
    """A voice speaks from the beginning on, pauses, and says the same for the same seed."""
    first, again = speech.narrate(8 * SAMPLE_RATE, SAMPLE_RATE, 3), speech.narrate(8 * SAMPLE_RATE, SAMPLE_RATE, 3)
    levels = np.abs(first).reshape(80, -1).max(axis=1)

    assert np.array_equal(first, again)
    assert levels[:10].max() > 0.05
    assert np.count_nonzero(levels < 0.001) >= 3


@needs_fluidsynth
def test_rendering_resumes_and_credits_what_it_wrote(tmp_path):
    """A second run keeps what exists; each file is credited with length, composer and the soundfont's licence."""
    (tmp_path / "soundfonts").symlink_to(scores.DEFAULT_CACHE / "soundfonts")
    tiny = Genre("tiny", (150, 150), ("major",), chords=(0,), styles=("beats",))
    plan = [scores.Rendering(compose(tiny, 1, 8.0), CACHED[0], None, 1)]

    files = scores.render(tmp_path, plan=plan)
    written = [file.stat().st_mtime_ns for file in files]
    again = scores.render(tmp_path, plan=plan)

    assert again == files == scores.rendered(tmp_path) == [tmp_path / "scores" / CACHED[0].name / "tiny-01-150.flac"]
    assert [file.stat().st_mtime_ns for file in again] == written
    info = soundfile.info(files[0])
    assert (info.samplerate, info.channels, info.format) == (SAMPLE_RATE, 2, "FLAC")
    assert 0.01 < np.abs(soundfile.read(files[0])[0]).max() <= 0.981
    with (tmp_path / "scores/CREDITS.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert tmp_path / row["file"] == files[0]
    assert CACHED[0].licence in row["licence"]
    assert CACHED[0].author in row["author"]
    assert float(row["seconds"]) == pytest.approx(info.duration, abs=0.1)
