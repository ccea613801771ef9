"""Credits are read from a package's `debian/copyright`."""

from pathlib import PurePosixPath

import pytest

from models.corpus.debian import attribute

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
    """Matching trailing components decide: the file's own stanza, then its folder's, then that of all files."""
    credit = attribute(COPYRIGHT, PurePosixPath(installed))

    assert (credit.holders, credit.licence) == (holders, licence)


def test_a_data_directory_covers_what_a_data_package_installs():
    """`Data/*` in the source package covers every installed file, whatever its folder."""
    text = "Files: *\nCopyright: Team\nLicense: GPL-2+\n\nFiles: Data/*\nCopyright: Ann\nLicense: CC-BY-SA-3.0\n"

    assert attribute(text, PurePosixPath("usr/share/games/x/Sounds/a.ogg")).licence == "CC-BY-SA-3.0"


def test_free_text_gives_every_licence_in_it():
    """If the copyright file is free text, the credit is its copyright notices and all licences in it."""
    text = "This is a game.\n\nCopyright 2005 Ann\n\nCode is GPL-2, music is CC-BY-SA 3.0.\n"

    credit = attribute(text, PurePosixPath("usr/share/games/x/a.ogg"))

    assert credit.holders == "Copyright 2005 Ann"
    assert credit.licence == "GPL-2 / CC-BY-SA 3.0"


def test_an_empty_text_refers_to_the_copyright_file():
    """Without a text the holders are empty, and the licence refers to the copyright file."""
    credit = attribute("", PurePosixPath("usr/share/games/x/a.ogg"))

    assert (credit.holders, credit.licence) == ("", "see the package's copyright file")
