"""Composed scores: repeatable, as their genre specifies, encoded as MIDI, and rendered within limits."""

import csv
import io
import shutil
from dataclasses import replace

import mido
import numpy as np
import pytest
import soundfile

from models.corpus import speech
from models.corpus.scores import patterns, rendering
from models.corpus.scores.composition import compose
from models.corpus.scores.genres import GENRES, Genre
from models.corpus.scores.melody import PROGRESSIONS, SCALES, Key, nearest_chord_degree
from models.corpus.scores.score import DRUM_CHANNEL, Note, Part, Score, midi
from models.corpus.soundfonts import SAMPLE_RATE, SOUNDFONTS, SoundfontError, play

BY_NAME = {genre.name: genre for genre in GENRES}
CACHED = [font for font in SOUNDFONTS if (rendering.DEFAULT_CACHE / "soundfonts" / font.package).is_dir()]

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not CACHED, reason="needs fluidsynth and a soundfont in the cache"
)
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


def messages(written):
    """The messages of each track of a MIDI file, without the end of the track."""
    return [list(track)[:-1] for track in mido.MidiFile(file=io.BytesIO(written)).tracks]


def test_a_score_is_written_as_a_standard_midi_file():
    """One note at 120 BPM in 6/8 gives these bytes: header, track of tempo and metre, track of the part."""
    part = Part("p", 2, 46, 64, 40, 0, (Note(1.0, 0.5, 60, 100),))
    score = Score("t", "g", 120.0, (6, 8), "major", (part,))

    assert midi(score) == (
        b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0"
        b"MTrk\x00\x00\x00\x18\x00\xff\x03\x01t\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x06\x03\x18\x08\x00\xff\x2f\x00"
        b"MTrk\x00\x00\x00\x22\x00\xff\x03\x01p\x00\xc2\x2e\x00\xb2\x07\x64\x00\x0a\x40\x00\x5b\x28\x00\x5d\x00"
        b"\x83\x60\x92\x3c\x64\x81\x70\x3c\x00\x00\xff\x2f\x00"  # status bytes that repeat are omitted
    )


def test_a_repeated_note_ends_before_it_starts_again():
    """At a tick where one note ends and the same note starts, the end is written first."""
    notes = (Note(1.0, 1.0, 60, 90), Note(0.0, 1.0, 60, 80))
    written = midi(Score("t", "g", 120.0, (4, 4), "major", (Part("p", 0, 0, 64, 0, 0, notes),)))

    velocities = [message.velocity for message in messages(written)[1] if message.type == "note_on"]
    assert velocities == [80, 0, 90, 0]


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_composing_is_repeatable_and_pieces_differ(genre):
    """The same genre and number give the same score; another number gives other notes."""
    first, again, second = compose(genre, 0), compose(genre, 0), compose(genre, 1)

    assert first == again
    assert first.parts != second.parts


@pytest.mark.parametrize("tonic", [0, 5, 11])
def test_a_piece_has_the_tonic_that_is_given(tonic):
    """A given tonic changes which tones sound and nothing of the rhythm; the last chord is the tonic's."""
    drawn, given = compose(BY_NAME["piano-solo"], 0), compose(BY_NAME["piano-solo"], 0, tonic=tonic)
    chords = next(part for part in given.parts if part.name == "chords")

    assert (given.tempo, given.metre, given.mode) == (drawn.tempo, drawn.metre, drawn.mode)
    assert {note.pitch % 12 for note in chords.notes} <= {(tonic + step) % 12 for step in SCALES[given.mode]}
    assert min(note.pitch for note in chords.notes[-4:]) % 12 == tonic


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_a_piece_has_the_tempo_metre_and_programs_of_its_genre(genre):
    """Tempo, metre, mode and programs are among those of the genre, and the MIDI file contains them."""
    for number in range(3):
        score = compose(genre, number)
        (_, tempo, metre), *tracks = messages(midi(score))

        assert genre.tempo[0] <= score.tempo <= genre.tempo[1]
        assert score.metre in genre.metres
        assert score.mode in genre.modes
        assert tempo.tempo == round(60e6 / score.tempo)
        assert (metre.numerator, metre.denominator) == score.metre
        for part, track in zip(score.parts, tracks, strict=True):
            assert (track[1].type, track[1].channel, track[1].program) == ("program_change", part.channel, part.program)
            allowed = {"melody": genre.lead, "doubling": genre.lead, "drums": (0,)}
            assert part.program in (allowed.get(part.name) or getattr(genre, part.name))
            assert (part.name == "drums") == (part.channel == DRUM_CHANNEL)
            assert all(0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 for note in part.notes)


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_genres_refer_to_existing_patterns(genre):
    """Every mode has a scale and progressions, and every style, bass line and drum pattern exists."""
    assert set(genre.modes) <= set(SCALES) & set(PROGRESSIONS)
    assert {*genre.styles, *genre.layer_styles} <= set(patterns.ACCOMPANIMENTS)
    assert set(genre.bass_lines) <= set(patterns.BASS_LINES)
    assert set(genre.drums) <= set(patterns.DRUMS)


def test_patterns_fill_their_bar():
    """A pattern has one character for each sixteenth of its metre, and `bar` cuts it to other metres."""
    sixteenths = {"4/4": 16, "3/4": 12, "6/8": 12}
    kits = [forms for kit in patterns.DRUMS.values() for forms in kit.values()]
    chords = [*patterns.ACCOMPANIMENTS.values(), *patterns.BASS_LINES.values()]

    for forms in [*kits, *chords]:
        assert all(len(pattern) == sixteenths[metre] for metre, pattern in forms.items()), forms
        assert len(patterns.bar(forms, (2, 4))) == 8
        assert len(patterns.bar(forms, (6, 8))) == 12


def test_a_section_returns_with_the_same_melody():
    """Sections of one theme have the same tones."""
    calm = Genre("calm", (120, 120), ("major",), lead=(0,), chords=(0,), styles=("pad",))
    pieces = (compose(calm, number, 64.0) for number in range(8))
    melody = next(part for piece in pieces for part in piece.parts if part.name == "melody")
    by_section: dict[int, list[int]] = {}
    for note in melody.notes:
        by_section.setdefault(round(note.beat) // 32, []).append(note.pitch)

    assert len(by_section) > len({tuple(tones) for tones in by_section.values()})


def test_a_pentatonic_melody_omits_two_tones():
    """In C, the major pentatonic has neither F nor B, and the minor pentatonic neither D nor A flat."""
    major = {
        Key(0, "major pentatonic").pitch(Key(0, "major pentatonic").melody_degree(degree)) % 12 for degree in range(7)
    }
    minor = {
        Key(0, "minor pentatonic").pitch(Key(0, "minor pentatonic").melody_degree(degree)) % 12 for degree in range(7)
    }

    assert major == {0, 2, 4, 7, 9}
    assert minor == {0, 3, 5, 7, 10}


def test_chords_are_stacked_thirds():
    """The chord on the fifth degree of C major is G, B, D; in A harmonic minor it is E, G sharp, B."""
    assert Key(0, "major").tones(4, sevenths=False)[:3] == (55, 59, 62)
    assert Key(9, "harmonic minor").tones(4, sevenths=False)[:3] == (52, 56, 59)
    assert Key(0, "major").tones(4, sevenths=True)[:4] == (55, 59, 62, 65)
    assert [nearest_chord_degree(degree, 0) for degree in range(-1, 8)] == [0, 0, 0, 2, 2, 4, 4, 7, 7]


def test_the_plan_has_every_genre_with_two_soundfonts_at_two_tempi():
    """Each piece is rendered with two soundfonts at two tempi, in 55 to 95 s."""
    plan = [planned for planned in rendering.planned() if planned.speech_level is None]
    files = {planned.file for planned in rendering.planned()}
    pieces: dict[str, list[rendering.Rendering]] = {}
    for planned in plan:
        pieces.setdefault(planned.score.title, []).append(planned)

    assert len(files) == len(list(rendering.planned()))
    assert {planned.score.genre for planned in plan} == set(BY_NAME)
    assert {planned.soundfont for planned in plan} == set(SOUNDFONTS)
    for first, second in pieces.values():
        assert first.soundfont != second.soundfont
        assert abs(first.score.tempo / second.score.tempo - 1.0) > 0.1
        assert 55.0 <= first.score.seconds <= 95.0
        assert 55.0 <= second.score.seconds <= 95.0


def test_every_soundfont_is_credited_under_a_free_licence():
    """Each soundfont has an author and one of the accepted licences."""
    assert len({font.name for font in SOUNDFONTS}) == len(SOUNDFONTS)
    for font in SOUNDFONTS:
        assert font.author
        assert font.licence in {"MIT", "GPL-2", "CC-BY-SA-4.0"}


@pytest.mark.skipif(not CACHED, reason="needs a soundfont in the cache")
def test_the_stated_licence_is_in_the_package():
    """The licence in `SOUNDFONTS` is in the package's copyright file."""
    phrases = {"MIT": "MIT", "GPL-2": "License: GPL-2\n", "CC-BY-SA-4.0": "License: CC-BY-SA-4.0"}
    for font in CACHED:
        notice = (rendering.DEFAULT_CACHE / "soundfonts" / font.package / "copyright").read_text(encoding="utf-8")

        assert phrases[font.licence] in notice, font.package


@needs_fluidsynth
def test_a_note_is_played_in_tune():
    """The strongest partial of the A above middle C is at 440 Hz, half of it, or a multiple."""
    organ = Part("p", 0, 19, 64, 0, 0, (Note(0.0, 4.0, 69, 110),))
    score = Score("a", "g", 120.0, (4, 4), "major", (organ,))
    file = rendering.DEFAULT_CACHE / "soundfonts" / CACHED[0].package
    soundfont = next(path for path in file.iterdir() if path.suffix in {".sf2", ".sf3"})

    samples = play(midi(score), soundfont)
    second = samples[SAMPLE_RATE // 2 : SAMPLE_RATE * 3 // 2].mean(axis=1)
    strongest = int(np.abs(np.fft.rfft(second)).argmax())  # bins of 1 Hz

    assert len(samples) >= 2 * SAMPLE_RATE
    assert min(abs(strongest - 440 * partial) for partial in (0.5, 1, 2, 3, 4)) <= 6


@needs_fluidsynth
def test_an_unreadable_soundfont_is_an_error(tmp_path):
    """A damaged soundfont raises an error that names it, instead of silent audio."""
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"RIFF")
    score = compose(BY_NAME["piano-solo"], 0, 8.0)

    with pytest.raises(SoundfontError, match=r"broken\.sf2"):
        play(midi(score), broken)


def test_a_rendering_is_checked_against_the_plan():
    """A silent or too short rendering raises a ScoreError; a long decay is faded out."""
    score = replace(compose(BY_NAME["piano-solo"], 0, 8.0), tempo=200.0)
    planned = rendering.Rendering(score, SOUNDFONTS[0], None, 0)
    length = round(score.seconds * SAMPLE_RATE)
    noise = np.random.default_rng(0).normal(0.0, 0.1, (length + 20 * SAMPLE_RATE, 2)).astype(np.float32)

    kept = rendering._checked(planned, noise)

    assert len(kept) == round((score.seconds + 4.0) * SAMPLE_RATE)
    assert not kept[-1].any()
    with pytest.raises(rendering.ScoreError, match="silent"):
        rendering._checked(planned, noise * 1e-4)
    with pytest.raises(rendering.ScoreError, match="instead of"):
        rendering._checked(planned, noise[: length - SAMPLE_RATE])


def test_channels_out_of_phase_do_not_cancel_in_mono():
    """If left and right would cancel, both become the left channel; other music is unchanged."""
    rng = np.random.default_rng(0)
    left = rng.normal(0.0, 0.1, 4_000).astype(np.float32)
    opposed = np.stack((left, -0.9 * left), axis=1)
    wide = np.stack((left, 0.3 * left), axis=1)

    assert np.array_equal(rendering._mono_compatible(opposed), np.stack((left, left), axis=1))
    assert np.array_equal(rendering._mono_compatible(wide), wide)


@needs_espeak
def test_speech_has_words_and_pauses():
    """Speech starts at once, has pauses, and is the same for the same seed."""
    first, again = speech.narrate(8 * SAMPLE_RATE, SAMPLE_RATE, 3), speech.narrate(8 * SAMPLE_RATE, SAMPLE_RATE, 3)
    levels = np.abs(first).reshape(80, -1).max(axis=1)

    assert np.array_equal(first, again)
    assert levels[:10].max() > 0.05
    assert np.count_nonzero(levels < 0.001) >= 3


@needs_fluidsynth
def test_rendering_resumes_and_writes_credits(tmp_path):
    """A second run keeps existing files; each file is credited with duration, author and the soundfont's licence."""
    (tmp_path / "soundfonts").symlink_to(rendering.DEFAULT_CACHE / "soundfonts")
    tiny = Genre("tiny", (150, 150), ("major",), chords=(0,), styles=("beats",))
    plan = [rendering.Rendering(compose(tiny, 1, 8.0), CACHED[0], None, 1)]

    files = rendering.render(tmp_path, plan=plan)
    written = [file.stat().st_mtime_ns for file in files]
    again = rendering.render(tmp_path, plan=plan)

    assert again == files == [tmp_path / "scores" / CACHED[0].name / "tiny-01-150.flac"]
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
