"""The report of a library: what it finds, and its page, on both databases."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from services.catalog.library import FileStamp
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.map import MapState, Region
from services.domain.track import EMBEDDING_DIM, Analysis, Tags
from services.report.contents import read
from services.report.map_picture import SIZE, draw
from services.report.page import render
from services.report.report import report_on
from tests.fakes.library import MODEL, track_id, unit_vector

URL = "http://music.test"
GENRES = ("Jazz", "Metal")
OF_GENRE = 10


def analysed(catalogue, number, vector, tags, path):
    """Add a track that has an embedding near a vector."""
    catalogue.library.register(track_id(number), tags, FileStamp(path, "/music", 1000, 1))
    noise = np.random.default_rng(number).normal(scale=0.02, size=EMBEDDING_DIM)
    embedding = (vector + noise) / np.linalg.norm(vector + noise)
    catalogue.analyses.record(
        track_id(number),
        Analysis(
            embedding=embedding.astype(np.float32),
            dispersion=0.1,
            attributes={"energy": number / 100},
            descriptors={"tempo": 100.0 + number, "duration": 60.0},
            tags={"calm": 0.7},
            model_version=MODEL,
        ),
    )


@pytest.fixture
def library(catalogue):
    """Ten pieces of jazz and of metal, of which one piece of jazz sounds like metal; copies, and a damaged file."""
    for number in range(2 * OF_GENRE):
        genre = number // OF_GENRE
        sounds = 1 if number == 3 else genre
        tags = Tags(
            f"Piece {chr(97 + number)}", (f"Band {number}",), f"Album {genre}", genres=(GENRES[genre],),
            year=1990 + 10 * genre, duration_ms=60_000 + 5_000 * number,
        )  # fmt: skip
        analysed(catalogue, number, unit_vector(sounds), tags, f"/music/{GENRES[genre]}/{number}.flac")
    catalogue.library.register(
        track_id(0), Tags("Piece a", ("Band 0",)), FileStamp("/music/copy.flac", "/music", 900, 1)
    )
    again = Tags("Piece b", ("Band 1",), "Best of", duration_ms=65_500)
    analysed(catalogue, 50, unit_vector(0), again, "/music/best/b.mp3")
    catalogue.library.register(track_id(60), Tags("<script>", ()), FileStamp("/music/x/<b>.ogg", "/music", 1, 1))
    catalogue.failures.add("/music/broken.mp3", JobKind.SCAN, "/music", Cause("Cut off.", FailureKind.DAMAGED))
    return catalogue


def test_the_report_counts_and_finds(library):
    """A track that sounds like another genre, the same audio, the same recording, failures and missing tags."""
    found = report_on(library)

    assert (found.totals.tracks, found.totals.analysed, found.totals.files) == (22, 21, 23)
    assert [(each.name, each.files) for each in found.formats] == [("flac", 21), ("mp3", 1), ("ogg", 1)]
    assert {each.name: each.tracks for each in found.genres} == {"Jazz": 10, "Metal": 10}
    assert [(each.name, each.tracks) for each in found.decades] == [("1990s", 10), ("2000s", 10)]
    assert [(each.track.id, each.sounds_like) for each in found.oddities] == [(track_id(3), "metal")]
    assert [[track.id for track, _ in each.music] for each in found.copies] == [[track_id(0)]]
    assert found.copies[0].spare_bytes == 900
    assert [{track.id for track, _ in each.music} for each in found.recordings] == [{track_id(1), track_id(50)}]
    assert [(each.kind, each.files) for each in found.failures] == [("damaged", 1)]
    missing = {each.name: each for each in found.missing}
    assert (missing["Artist"].tracks, missing["Genre"].tracks, missing["Cover"].tracks) == (1, 2, 22)
    assert [folder.name for folder in missing["Artist"].folders] == ["/music/x"]
    tempo = next(each for each in found.distributions if each.name == "tempo")
    assert (sum(tempo.counts), tempo.known, tempo.unit) == (21, 21, "BPM")


def test_the_page_loads_nothing_and_links_to_the_tracks(library):
    """Its links lead to the service only, and what tags contain stays text."""
    page = render(report_on(library), URL)

    assert {address.partition("/#/")[0] for address in re.findall(r'href="(?!#)([^"]*)"', page)} == {URL}
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", page)
    assert "/music/broken.mp3" in page
    assert "default-src 'none'" in page
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))


def test_the_names_of_folders_stay_text(catalogue):
    """A folder may be called like a tag of HTML."""
    stamp = FileStamp("/music/<script>alert(1)</script>/a.flac", "/music", 1000, 1)
    catalogue.library.register(track_id(1), Tags("A", ()), stamp)
    page = render(report_on(catalogue), URL)

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;" in page


def test_a_wide_map_is_drawn_without_empty_bands(library):
    """The drawing is as high as the map, and long names of regions fit in it."""
    contents = read(library)
    flat = [track._replace(x=number / 21, y=0.5) for number, track in enumerate(contents.analysed)]
    region = Region(0, 1.0, 0.5, ("a long name",), 21)
    state = MapState(1, 0, "pca", MODEL, 21, datetime(2026, 3, 1, tzinfo=UTC), (region,))

    drawn = draw(replace(contents, tracks=flat), state, {})

    left, top, width, height = drawn.box
    assert (left, top, height) == (-20, 500 - 22 - 20, 22 + 2 * 20)
    assert left + width > SIZE + 50


def test_an_empty_library_has_a_report(catalogue):
    """It says what to do."""
    page = render(report_on(catalogue), URL)

    assert "The library is empty" in page
    assert "There is no map yet" in page
