"""The corpus: groups of packages, their cache, and their credits."""

import csv
from pathlib import Path

import pytest

import models.corpus
from models.corpus.corpus import CorpusError, fetch, packages
from models.corpus.soundfonts import SOUNDFONTS
from models.corpus.spoken import SPOKEN_PACKAGES


def test_training_and_validation_packages_are_disjoint():
    """No package is in both [train] and [validation]."""
    assert not set(packages("train")) & set(packages("validation"))
    assert len(packages("train")) == 30
    assert len(packages("validation")) == 10


def test_an_unknown_group_is_an_error():
    """A group that is not in corpus.toml raises a KeyError."""
    with pytest.raises(KeyError):
        packages("test")


def test_packages_outside_the_corpus_are_an_error(tmp_path):
    """A package that corpus.toml does not name is not fetched, because it is reserved for evaluation."""
    with pytest.raises(CorpusError, match="some-other-music"):
        fetch(["some-other-music"], tmp_path)

    assert not list(tmp_path.iterdir())


def test_a_finished_package_is_not_fetched_again(tmp_path):
    """A package with a CREDITS.csv is read from the cache, and its credits are added to the file of all credits."""
    kept = tmp_path / "asc-music"
    kept.mkdir()
    (kept / "CREDITS.csv").write_text(
        'package,file,title,author,licence,seconds\nasc-music,audio/usr/a.mp3,"A, B",Ann,GPL-2+,61.5\n'
    )
    seen = []

    tracks = fetch(["asc-music"], tmp_path, lambda *at: seen.append(at))

    assert [(track.title, track.author, track.licence, track.seconds) for track in tracks] == [
        ("A, B", "Ann", "GPL-2+", 61.5)
    ]
    assert tracks[0].path == kept / "audio/usr/a.mp3"
    assert seen == [("asc-music", 0, 1), ("", 1, 1)]
    assert "asc-music/audio/usr/a.mp3" in (tmp_path / "CREDITS.csv").read_text()


def test_the_committed_credits_cover_the_corpus():
    """The committed credits list exactly the corpus's packages, soundfonts and voices, with authors and licences."""
    with Path(models.corpus.__file__).with_name("CREDITS.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    used = {name for group in ("train", "validation", "demo") for name in packages(group)}
    used |= {soundfont.package for soundfont in SOUNDFONTS} | {package.name for package in SPOKEN_PACKAGES}

    assert {row["package"] for row in rows} == used
    assert all(row["file"] and row["title"] and row["author"] and row["licence"] for row in rows)
