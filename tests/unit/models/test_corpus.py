"""The corpus: which packages may be used for what, and whom they credit."""

import csv
from pathlib import Path, PurePosixPath

import pytest

import models.corpus
from models.corpus.attribution import attribute
from models.corpus.corpus import CorpusError, fetch, packages
from models.corpus.soundfonts import SOUNDFONTS

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2001 The Team
License: GPL-2+

Files: src/sounds/*
Copyright: 2002 Ann Composer
 2003 Bob Arranger
License: CC-BY-SA-3.0

Files: src/sounds/theme.ogg
Copyright: Carol
License: CC0-1.0

License: CC0-1.0
 Files of this licence are: free
"""


def test_nothing_is_both_trained_and_judged_on():
    """No package is in [train] and in [validation]."""
    assert not set(packages("train")) & set(packages("validation"))
    assert len(packages("train")) == 30
    assert len(packages("validation")) == 10


def test_an_unknown_group_is_an_error():
    """A group that does not exist is not an empty one."""
    with pytest.raises(KeyError):
        packages("test")


def test_packages_outside_the_corpus_are_refused(tmp_path):
    """A package that corpus.toml does not name is kept for independent evaluation and never fetched."""
    with pytest.raises(CorpusError, match="some-other-music"):
        fetch(["some-other-music"], tmp_path)

    assert not list(tmp_path.iterdir())


def test_a_finished_package_is_read_and_not_fetched_again(tmp_path):
    """A package with its CREDITS.csv is complete; the credits of all packages are gathered in one file."""
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


@pytest.mark.parametrize(
    ("installed", "holders", "licence"),
    [
        ("usr/share/games/x/sounds/theme.ogg", "Carol", "CC0-1.0"),
        ("usr/share/games/x/sounds/other.ogg", "2002 Ann Composer; 2003 Bob Arranger", "CC-BY-SA-3.0"),
        ("usr/share/games/x/sounds/deeper/other.ogg", "2002 Ann Composer; 2003 Bob Arranger", "CC-BY-SA-3.0"),
        ("usr/share/games/x/images/other.ogg", "2001 The Team", "GPL-2+"),
    ],
)
def test_a_file_is_credited_by_the_closest_stanza(installed, holders, licence):
    """Patterns name source paths, so trailing components decide: the file's own stanza, its folder's, then all."""
    credit = attribute(COPYRIGHT, PurePosixPath(installed))

    assert (credit.holders, credit.licence) == (holders, licence)


def test_a_data_directory_covers_what_a_data_package_installs():
    """`Data/*` in the source is the whole of what is installed, under whatever name."""
    text = "Files: *\nCopyright: Team\nLicense: GPL-2+\n\nFiles: Data/*\nCopyright: Ann\nLicense: CC-BY-SA-3.0\n"

    assert attribute(text, PurePosixPath("usr/share/games/x/Sounds/a.ogg")).licence == "CC-BY-SA-3.0"


def test_free_text_gives_every_licence_it_names():
    """Where the copyright file is prose, its notices and all licences named are the credit."""
    text = "This is a game.\n\nCopyright 2005 Ann\n\nCode is GPL-2, music is CC-BY-SA 3.0.\n"

    credit = attribute(text, PurePosixPath("usr/share/games/x/a.ogg"))

    assert credit.holders == "Copyright 2005 Ann"
    assert credit.licence == "GPL-2 / CC-BY-SA 3.0"


def test_nothing_known_is_said_so():
    """No text gives no holder and no invented licence."""
    credit = attribute("", PurePosixPath("usr/share/games/x/a.ogg"))

    assert (credit.holders, credit.licence) == ("", "see the package's copyright file")


def test_every_package_that_weights_were_made_or_judged_with_is_credited():
    """The committed credits name an author and a licence for each track, and nothing else is credited."""
    with Path(models.corpus.__file__).with_name("CREDITS.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    used = {name for group in ("train", "validation", "demo") for name in packages(group)}
    used |= {soundfont.package for soundfont in SOUNDFONTS}

    assert {row["package"] for row in rows} == used
    assert all(row["file"] and row["title"] and row["author"] and row["licence"] for row in rows)
