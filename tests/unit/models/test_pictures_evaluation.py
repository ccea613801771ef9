"""The evaluation of pictures: its lists, its constructed pictures and its figures."""

import csv

import numpy as np
import pytest

from models.evaluation.words.constructed import constructed_pictures
from models.evaluation.words.photographs import TEST, TUNING, fetch, listed
from models.evaluation.words.pictures import (
    Estimate,
    Named,
    PicturesReport,
    match,
    picture_requirements,
    pictures_section,
    rank_correlation,
    tune,
)
from models.pictures.looks import looks
from models.pictures.network import Classes
from models.pictures.reading import Mix, PictureReading, Term


def test_every_photograph_has_labels_and_credits():
    """Names are classes of the network, sentences have a use, and each file an author and a licence."""
    photographs = listed()
    names = set(Classes.load().names)

    assert sum(bool(each.names) for each in photographs) >= 40
    assert all(set(each.names) <= names for each in photographs)
    assert all(each.author and each.licence for each in photographs)
    assert all((each.use is None) == (each.sentence is None) for each in photographs)
    assert sum(each.use == TEST for each in photographs) == 20
    assert not {each.path for each in photographs if each.use == TEST} & {
        each.path for each in photographs if each.use == TUNING
    }


def test_photographs_in_the_cache_are_not_fetched_again(tmp_path):
    """With every file in the cache, only the credits are written."""
    for each in listed(tmp_path):
        each.path.parent.mkdir(parents=True, exist_ok=True)
        each.path.touch()
    photographs = fetch(tmp_path)
    with (tmp_path / "pictures" / "CREDITS.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    assert [row["file"] for row in rows] == [each.file for each in photographs]
    assert all(row["author"] and row["licence"] for row in rows)


def test_constructed_pictures_are_the_same_each_time():
    """The seed fixes every pixel, and the grid covers valence and energy evenly."""
    first, second = (list(constructed_pictures(levels=3)) for _ in range(2))

    assert all((one.pixels == other.pixels).all() for one, other in zip(first, second, strict=True))
    assert [(int(3 * each.valence), int(3 * each.energy)) for each in first] == [divmod(at, 3) for at in range(9)]


def test_looks_follow_constructed_pictures():
    """On a small grid, valence and energy rise with those of the construction."""
    pictures = list(constructed_pictures(levels=4, seed=1))
    valence = rank_correlation(pictures, lambda each: (each.valence, looks(each.pixels).valence))
    energy = rank_correlation(pictures, lambda each: (each.energy, looks(each.pixels).energy))

    assert valence.low <= valence.value <= valence.high
    assert valence.value > 0.6
    assert energy.value > 0.6


class Tower:
    """A text tower that knows one axis for each of a few words."""

    axes = ("sea", "castle")

    def embed(self, text):
        found = [axis for axis in self.axes if axis in text]
        return np.eye(128, dtype=np.float32)[self.axes.index(found[0])] if found else None

    def feel(self, valence, energy):  # noqa: ARG002  the interface of a text tower
        return np.zeros(128, np.float32)


def reading(word):
    return PictureReading(shows=(), looks="balanced", valence=0.5, energy=0.5, terms=(Term(word, 0.9),))


@pytest.fixture
def report():
    photographs = [each for each in listed() if each.sentence == "Sad, slow piano music, empty and grey"]
    cut_out = next(each for each in listed() if each.cut_out)
    named = [Named(photographs[0], ("pier", "dock"), is_right=True), Named(cut_out, ("pelican",), is_right=True)]
    figure = Estimate(0.7, 0.6, 0.8)
    matched = match(photographs, [reading("sea")], np.eye(128)[:40], Tower(), Mix(1, 1, 1))
    tuning = tune(photographs, [reading("sea")], np.eye(128)[:40], Tower())
    return PicturesReport(named, figure, figure, matched, {"what it shows": figure}, tuning, tracks=40)


def test_overlap_compares_the_nearest_tracks():
    """A picture and its sentence that point the same way share all tracks; without a point they share none."""
    embeddings = np.vstack([np.eye(128)[:1].repeat(20, axis=0), np.eye(128)[1:2].repeat(20, axis=0)])
    by_sentence = {each.sentence: each for each in listed() if each.sentence}
    lake = by_sentence["Sad, slow piano music, empty and grey"]

    class Sentences(Tower):
        axes = ("sea", "castle", "piano")

        def embed(self, text):
            return super().embed(text.replace("piano", "sea"))

    same = match([lake], [reading("sea")], embeddings, Sentences(), Mix(1, 1, 1))
    other = match([lake], [reading("castle")], embeddings, Sentences(), Mix(1, 1, 1))
    none = match([lake], [reading("fog")], embeddings, Sentences(), Mix(1, 1, 1))

    assert [each[0].overlap for each in (same, other, none)] == [1.0, 0.0, 0.0]


def test_the_section_and_the_requirements_state_the_figures(report):
    """Each figure has a requirement, and the section names the photographs."""
    required = {each.test: each for each in picture_requirements(report)}
    section = pictures_section(report)

    assert report.chance == 0.5
    assert required["pictures: a right name among the top 5"].met
    assert required["pictures: Spearman, valence by construction"].measured == 0.7
    assert not required["picture to music: overlap with the sentence's top 20, times chance"].met
    assert "| ColdRipple" in section
    assert len(report.tuning) == 20
    assert "Sad, slow piano music, empty and grey" in section
