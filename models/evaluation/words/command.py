"""Evaluate the text tower on the validation packages: `python -m models.evaluation --words`.

Writes `words.md` and `words.json` into `docs/evaluation`. `python -m models.evaluation --compare e5 static` prints one
table that compares towers on several sentence encoders.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.arrays import Float32Array, Float64Array
from models.corpus.corpus import CorpusTrack
from models.corpus.debian import PackageError
from models.corpus.speech import SpeechError
from models.descriptors.describe import Descriptors
from models.errors import AnalysisError
from models.evaluation.encoders import ShippedEncoder, TeacherEncoder
from models.evaluation.representations import DecodedTrack, cache_key
from models.evaluation.words.areas import tag_areas
from models.evaluation.words.lists import load_lists
from models.evaluation.words.page import comparison_table, page, requirement_table
from models.evaluation.words.photographs import PhotographError
from models.evaluation.words.pictures import PicturesReport, measure_pictures
from models.evaluation.words.report import (
    Evaluated,
    WordsReport,
    as_json,
    measure,
    measure_held_out,
    requirements,
)
from models.evaluation.words.scorers import (
    Embed,
    Encode,
    keyword_scorer,
    random_scorer,
    sentence_scorer,
    tower_scorer,
)
from models.evaluation.words.searches import captions
from models.evaluation.words.truth import Truth
from models.evaluation.words.voices import Voices, measure_voices
from models.text.sentences import E5
from models.text.tower import TextTower


@dataclass(frozen=True, slots=True)
class Measured:
    """The validation tracks with everything that tests need.

    Attributes:
        evaluated: What a scorer is evaluated on.
        own: Truth by the encoder's own tags.
        shipped: The shipped encoder.
        tracks: The n tracks.
    """

    evaluated: Evaluated
    own: Truth
    shipped: ShippedEncoder
    tracks: Sequence[CorpusTrack]


def prepare(tracks: Sequence[CorpusTrack], cache_dir: Path) -> Measured:
    """Compute embeddings, tags and captions of tracks, or read the results of an earlier run.

    Args:
        tracks: Validation tracks; one that cannot be decoded is reported and omitted.
        cache_dir: The corpus's cache.
    """
    lists = load_lists()
    shipped, teachers = ShippedEncoder(cache_dir), TeacherEncoder(cache_dir)
    kept, encoded, tags, described = [], [], [], []
    for track in tracks:
        decoded, key = DecodedTrack(track), cache_key("whole", track)
        try:
            encoded.append(shipped.encode_track(key, lambda: decoded.windows))  # noqa: B023  called at once
            described.append(shipped.descriptors(key, lambda: decoded.windows))  # noqa: B023  called at once
            tags.append(teachers.encode(key, lambda: decoded.windows.samples)["tags"].astype(np.float64))  # noqa: B023  called at once
        except AnalysisError as error:
            sys.stderr.write(f"{track.path}: {error}\n")
            continue
        kept.append(track)
    truth = Truth(np.stack(tags), teachers.tag_names, lists.tags)
    evaluated = Evaluated(
        lists=lists,
        truth=truth,
        embeddings=np.stack([each.embedding for each in encoded]),
        soundtracks=[track.package for track in kept],
        captions=captions(truth, lists.held_out, columns(described, list(lists.captions.words)), lists.captions),
    )
    own = np.array([[each.tags[name] for name in teachers.tag_names] for each in encoded])
    return Measured(evaluated, Truth(own, teachers.tag_names, lists.tags), shipped, kept)


def columns(described: Sequence[Descriptors], names: Sequence[str]) -> dict[str, Float64Array]:
    """Return descriptor → (n,) values of n tracks."""
    return {name: np.array([each[name] for each in described], dtype=np.float64) for name in names}  # type: ignore[literal-required]


def evaluate(measured: Measured, tower: TextTower, held_out: TextTower | None, cache_dir: Path) -> WordsReport:
    """Run every test of words and pictures.

    Args:
        measured: The validation tracks.
        tower: The shipped text tower.
        held_out: The tower that was trained without the held-out names; None omits its tests.
        cache_dir: The corpus's cache.

    Returns:
        The figures.
    """
    on = measured.evaluated
    scorers = {
        "random": random_scorer(len(measured.tracks)),
        "keyword match": keyword_scorer(measured.own, on.lists.tags),
        "untrained sentence encoder": sentence_scorer(_remembered(E5().encode), measured.own),
        "text tower": tower_scorer(tower.embed, on.embeddings),
    }
    voices, notes = _voices(measured)
    pictures, more = _pictures(on.embeddings, tower, cache_dir)
    notes += more
    if held_out is None:
        notes.append("The tests of held-out words are omitted, because their text tower was not given.")
    return WordsReport(
        tower=tower.version,
        sentences=tower.card.sentences,
        sha256=tower.card.sha256,
        tracks=len(measured.tracks),
        soundtracks=len(set(on.soundtracks)),
        rows=[measure(name, score, on) for name, score in scorers.items()],
        best={language: tag_areas(measured.own, phrases, on.truth) for language, phrases in on.lists.phrases.items()},
        held_out=None if held_out is None else measure_held_out(tower_scorer(held_out.embed, on.embeddings), on),
        voices=voices,
        pictures=pictures,
        notes=notes,
    )


def _remembered(encode: Encode) -> Encode:
    """Return the encoder with a memory, because tests repeat texts."""
    known: dict[str, Float32Array] = {}

    def remembered(texts: Sequence[str]) -> Float32Array:
        for text in texts:
            if text not in known:
                known[text] = encode([text])[0]
        return np.stack([known[text] for text in texts])

    return remembered


def _voices(measured: Measured) -> tuple[Voices | None, list[str]]:
    try:
        found = measure_voices(measured.tracks, measured.shipped, measured.evaluated.lists.no_vocals)
    except SpeechError as error:
        return None, [f"The test on synthesised voices is omitted: {error}"]
    return found, []


def _pictures(embeddings: Float64Array, tower: TextTower, cache_dir: Path) -> tuple[PicturesReport | None, list[str]]:
    try:
        return measure_pictures(embeddings, tower, cache_dir), []
    except (PhotographError, PackageError) as error:
        return None, [f"The tests of pictures are omitted: {error}"]


def compare(measured: Measured, towers: Mapping[str, Embed]) -> str:
    """Return one table with the main figures of several towers."""
    on = measured.evaluated
    return comparison_table([measure(name, tower_scorer(embed, on.embeddings), on) for name, embed in towers.items()])


def run_comparison(tracks: Sequence[CorpusTrack], cache_dir: Path, sentences: Sequence[str]) -> None:
    """Print one table that compares the text towers on several sentence encoders.

    Args:
        tracks: Validation tracks.
        cache_dir: The corpus's cache.
        sentences: Names of the sentence encoders, as in `models.text.sentences.open_sentences`.
    """
    towers = {name: TextTower.load(sentences=name).embed for name in sentences}
    sys.stdout.write(compare(prepare(tracks, cache_dir), towers))


def run(tracks: Sequence[CorpusTrack], cache_dir: Path, target: Path, held_out: Path | None) -> None:
    """Evaluate the shipped text tower, and write the page and the figures.

    Args:
        tracks: Validation tracks.
        cache_dir: The corpus's cache.
        target: Output directory.
        held_out: Directory of the weights of the tower that was trained without the held-out names; None omits its
            tests.
    """
    measured = prepare(tracks, cache_dir)
    other = None if held_out is None else TextTower.load(directory=held_out)
    report = evaluate(measured, TextTower.load(), other, cache_dir)
    target.mkdir(parents=True, exist_ok=True)
    (target / "words.md").write_text(page(report), encoding="utf-8")
    (target / "words.json").write_text(as_json(report), encoding="utf-8")
    sys.stdout.write(requirement_table(requirements(report)))
