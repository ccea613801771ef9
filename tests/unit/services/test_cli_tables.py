"""Tables of the commands at 80 columns."""

import pytest
from rich.console import Console

from services.api.schemas.recommendations import Recommendations
from services.api.schemas.tracks import RecommendedTrack, SimilarTrack, Taste
from services.cli import listings, output
from services.cli.tables import Column, distinct_end, printable, short_ids, table_of, track_columns

LONG = "Symphony No. 9 in D minor, Op. 125: II. Molto vivace (Remastered 2007, Live in Berlin)"


@pytest.fixture
def lines(monkeypatch, capsys):
    """What is printed to stdout."""
    monkeypatch.setattr(output, "answers", Console(highlight=False, width=80))

    return lambda: [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def track(number, title="Peace", artist="Ada", album="One", path="music/one/peace.mp3", **more):
    fields = {"id": f"{number:08d}-7565-5d75", "title": title, "artist": artist, "album": album, "path": path}
    return SimilarTrack.model_construct(**fields, score=0.5, **more)


def test_long_names_fit(lines):
    """The title continues on the next line; artist and album are cut; the id is complete."""
    listings.print_tracks([track(1, LONG, LONG, LONG)])
    shown = lines()

    assert max(map(len, shown)) <= 80
    assert shown[0].split() == ["title", "artist", "album", "score", "id"]
    assert shown[1].endswith("…  0.500  00000001")
    assert " ".join(line[:29].strip() for line in shown[1:]).startswith("Symphony No. 9 in D minor")


def test_the_file_tells_rows_apart_that_are_alike(lines):
    """As much of the end of the path as is needed, in place of the album."""
    paths = ["a/cd1/01.mp3", "a/cd2/01.mp3", "b/song.mp3"]
    tracks = [track(number, path=path) for number, path in enumerate(paths)]
    listings.print_tracks([*tracks, track(4, "Other")])
    shown = lines()

    assert "album or file" in shown[0]
    assert [line.split()[2] for line in shown[1:]] == ["cd1/01.mp3", "cd2/01.mp3", "song.mp3", "One"]


def test_the_file_names_a_track_without_tags(lines):
    """Neither artist nor album: folder and file."""
    listings.print_tracks([track(1, "01", None, None, "music/old tapes/01.mp3")])

    assert "old tapes/01.mp3" in lines()[1]


def test_recommendations_show_tastes_and_reasons(lines, capsys):
    """Each row has the number of its taste and what led to it."""
    fields = track(1).model_dump() | {"because_of": ["words:calm", "t2"], "taste": 1}
    tastes = [Taste(label=label, weight=0.5, plays=[]) for label in ("loud", "calm, slow")]
    answer = Recommendations.model_construct(tracks=[RecommendedTrack.model_construct(**fields)], tastes=tastes)
    listings.print_recommended(answer, {"words:calm": "“calm”", "t2": "Kite"}.__getitem__)

    assert lines() == [
        "title  artist  taste  because of    score  id",
        "Peace  Ada     2      “calm”, Kite  0.500  00000001",
    ]


def test_long_reasons_are_not_cut(lines):
    """They go on in the next line: the last track that led to a recommendation is shown, too."""
    fields = track(1).model_dump() | {"because_of": ["words:calm", "t2"], "taste": 0}
    answer = Recommendations.model_construct(tracks=[RecommendedTrack.model_construct(**fields)], tastes=[])
    listings.print_recommended(answer, {"words:calm": "calm " * 16, "t2": "Kite"}.__getitem__)

    assert "Kite" in " ".join(lines())


def test_without_albums_the_file_is_behind_the_title_or_in_place_of_the_artist():
    """There is no room for another column."""
    alike = [track(number, path=path) for number, path in enumerate(("a/01.mp3", "b/01.mp3"))]
    titles, artists = track_columns([*alike, track(3, "02", None, None, "tapes/02.mp3")], with_album=False)

    assert titles.cells == ["Peace (a/01.mp3)", "Peace (b/01.mp3)", "02"]
    assert artists.cells == ["Ada", "Ada", "tapes/02.mp3"]


def test_ids_are_as_long_as_tells_them_apart():
    """At least eight characters."""
    assert short_ids(["12345678-aa", "12345678-ab", "87654321-aa"]) == ["12345678-aa", "12345678-ab", "87654321-aa"]
    assert short_ids(["12345678-aa", "12345679-ab", "12345678-aa"]) == ["12345678", "12345679", "12345678"]


@pytest.mark.parametrize(
    ("path", "others", "expected"),
    [("a/b/c", ["a/b/d"], "c"), ("a/b/c", ["a/d/c"], "b/c"), ("a/c", ["x/a/c"], "a/c"), ("a/c", [], "c")],
)
def test_end_of_a_path(path, others, expected):
    """The shortest end that no other path has."""
    assert distinct_end(path, [path, *others]) == expected


def test_control_characters_are_not_printed():
    """A title cannot control the terminal."""
    assert printable("a\x1b[31mb\n") == "a\ufffd[31mb\ufffd"


def test_headings_are_whole_and_long_reasons_continue(lines):
    """A narrow column keeps its heading."""
    columns = [Column("listener", ["a" * 40], weight=1), Column("made from", [LONG], weight=9, wraps=True)]
    output.answers.print(table_of([*columns, Column("tracks", ["5" * 20])], 60))
    shown = lines()

    assert shown[0].split() == ["listener", "made", "from", "tracks"]
    assert "".join(line[10:38].replace(" ", "") for line in shown[1:]) == LONG.replace(" ", "")
