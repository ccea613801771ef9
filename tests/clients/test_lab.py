"""The functions of the notebooks, on libraries with planted properties."""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from matplotlib import pyplot as plt
from segue_client import Segue, lab
from segue_client.lab import sound, widgets
from segue_client.lab.library import vectors

from tests.fakes.library import track_id
from tests.fakes.serving import api_process, free_port

RATE = 22_050
DIMENSIONS = 128


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def library(space, **columns):
    """A library of these embeddings, and columns that replace the plain ones."""
    count = len(space)
    plain = {
        "title": [f"Track {number}" for number in range(count)],
        "artist": "Artist",
        "album": "Album",
        "folder": "folder",
        "path": [f"folder/{number}.ogg" for number in range(count)],
        "filed_under": "rock",
        "group": "rock",
        "seconds": np.arange(count) * 10.0,
        "x": np.linspace(0, 1, count),
        "y": np.linspace(1, 0, count),
    }
    numbers = {name: np.linspace(0, 1, count) for name in (*lab.spaces.ATTRIBUTES, *lab.spaces.DESCRIPTORS)}
    tracks = pd.DataFrame(plain | numbers | columns, index=[f"id {number}" for number in range(count)])
    regions = pd.DataFrame({"level": [0], "x": [30_000], "y": [30_000], "label": ["piano"], "tracks": [count]})
    return lab.Library(tracks, pd.DataFrame(index=tracks.index), unit(space), regions, "1", count)


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(60, DIMENSIONS))


def test_the_nearest_are_those_of_an_exhaustive_search(noise, monkeypatch):
    """In chunks as at once, nearest first, and never the row itself."""
    space = unit(noise)
    monkeypatch.setattr(lab.spaces, "CHUNK_ROWS", 7)
    places, scores = lab.nearest(space, 5)
    similar = space @ space.T
    np.fill_diagonal(similar, -2)

    assert np.array_equal(places, np.argsort(-similar, axis=1)[:, :5])
    assert np.allclose(scores, np.take_along_axis(similar, places, axis=1))
    assert lab.nearest(space[:3], 10)[0].shape == (3, 2)


def test_a_hub_is_found_more_often_than_others(noise):
    """A row in the middle of all is a neighbour of nearly all."""
    spread = noise.copy()
    spread[0] = noise.sum(axis=0)
    counts, skewness = lab.hubness(unit(spread), 5)

    assert counts.sum() == 60 * 5
    assert counts.argmax() == 0
    assert skewness > lab.hubness(unit(noise), 5)[1]


def test_a_track_under_the_wrong_name_is_an_odd_one(noise):
    """It sounds like the other group, and no other track does."""
    centres = np.repeat(noise[:2], 30, axis=0) * 4
    names = np.repeat(["jazz", "metal"], 30)
    names[35] = "jazz"
    odd = lab.odd_ones_out(library(centres + noise, filed_under=names))

    assert list(odd.index) == ["id 35"]
    assert odd.loc["id 35", ["filed_under", "sounds_like", "own"]].tolist() == ["jazz", "metal", 0]


def test_duplicates_sound_alike_and_are_equally_long(noise):
    """Of three near copies, the one with another length is no duplicate."""
    space = noise.copy()
    space[1] = space[0] + 0.01 * noise[1]
    space[2] = space[0] + 0.01 * noise[2]
    seconds = np.arange(60) * 10.0
    seconds[1] = seconds[0] + 1
    pairs = lab.duplicates(library(space, seconds=seconds))

    assert pairs[["one", "other"]].to_numpy().tolist() == [["folder/0.ogg", "folder/1.ogg"]]


def test_an_album_of_equal_tracks_is_homogeneous(noise):
    """Its mean vector has the length 1; tracks without an album count by folder."""
    space = noise.copy()
    space[:10] = space[0]
    albums = [*["One sound"] * 10, *["Many"] * 40, *[None] * 10]
    found = lab.albums_by_homogeneity(library(space, album=albums)).set_index("album")

    assert found.loc["One sound", "homogeneity"] == pytest.approx(1)
    assert found.loc["Many", "homogeneity"] < 0.4
    assert found.loc["folder", "tracks"] == 10


def test_a_planted_direction_is_found_and_noise_is_not():
    """A line explains an attribute that is one, on tracks that it was not fitted to."""
    random = np.random.default_rng(1)
    space = unit(random.normal(size=(800, DIMENSIONS)))
    known = library(space, energy=space[:, 0], valence=-space[:, 0], tempo=random.normal(size=800), liveness=np.nan)
    found = lab.directions(known, ("energy", "valence", "tempo", "liveness"))

    assert found.explained["energy"] > 0.6
    assert found.explained["tempo"] < 0.1
    assert found.cosines.loc["energy", "valence"] == pytest.approx(-1)
    assert "liveness" not in found.explained


def test_neighbours_that_disagree_come_first(noise):
    """The attribute that differs most is named."""
    space = noise.copy()
    space[1] = space[0] + 0.1 * noise[1]
    flat = {name: np.full(60, 0.5) for name in ("energy", "valence", "acousticness")}
    flat["valence"][0] = 1.0
    first = lab.disagreeing_neighbours(library(space, **flat)).iloc[0]

    assert (first["attribute"], first["difference"]) == ("valence", 0.5)
    assert {first.name, first["nearest_id"]} == {"id 0", "id 1"}


def test_two_spaces_are_compared_by_their_neighbours(noise, tmp_path):
    """An export of another model version is read in the order of the library."""
    one, space = library(noise), unit(noise)
    assert lab.compared(space, space).min() == 1
    assert lab.compared(space, unit(np.random.default_rng(2).normal(size=space.shape))).mean() < 0.5
    assert np.allclose(np.linalg.norm(lab.descriptor_space(one), axis=1), 1, atol=1e-3)

    order = np.random.default_rng(3).permutation(60)
    column = pa.FixedSizeListArray.from_arrays(pa.array(space[order].ravel()), DIMENSIONS)
    ids = [f"id {number}" for number in order]
    table = pa.table({"track_id": ids, "model_version": ["2"] * 60, "embedding": column})
    (tmp_path / "embeddings").mkdir()
    pq.write_table(table, tmp_path / "embeddings" / "embeddings-0.parquet")
    read, version = lab.read_embeddings(tmp_path, one)
    assert (version, np.array_equal(read, space)) == ("2", True)
    assert np.array_equal(vectors(table), space[order])

    pq.write_table(table.slice(1), tmp_path / "embeddings" / "embeddings-0.parquet")
    with pytest.raises(ValueError, match=f"lacks the embeddings of 1 tracks, such as {ids[0]}"):
        lab.read_embeddings(tmp_path, one)


def tone(level=0.5, seconds=30.0):
    return (level * np.sin(np.arange(int(seconds * RATE)) * 0.2)).astype(np.float32)[:, None].repeat(2, axis=1)


def test_a_clip_is_from_the_middle_of_a_file():
    """What libsndfile cannot read has no samples."""
    whole = tone()
    read, rate = sound.samples(sound.wav(whole, RATE), 2.0)

    assert rate == RATE
    assert np.allclose(read, whole[14 * RATE : 16 * RATE], atol=1e-3)
    assert sound.samples(b"no audio") is None


def test_only_runs_at_full_scale_are_clipped():
    """A sine that is too loud is cut; one that just reaches full scale is not."""
    peak, clipped = sound._levels(np.clip(tone(2), -1, 1))
    assert (peak, clipped > 0.3) == (0, True)
    assert sound._levels(tone(0.5)) == (pytest.approx(-6.02, abs=0.01), 0)
    assert sound._levels(np.zeros((2, 2), np.float32))[1] == 0


@pytest.mark.parametrize("name", lab.ALTERATIONS)
def test_an_alteration_is_a_file_of_at_least_five_seconds(name, tmp_path):
    """The service takes no shorter clip; and it is not the original, the first one apart."""
    file = tmp_path / "clip"
    file.write_bytes(lab.ALTERATIONS[name](tone(seconds=20), RATE))
    altered, rate = soundfile.read(file)

    assert rate == RATE
    assert len(altered) >= 5 * RATE
    same = altered.shape == (20 * RATE, 2) and np.allclose(altered, tone(seconds=20), atol=1e-3)
    assert same == (name == next(iter(lab.ALTERATIONS)))


def test_figures_have_their_numbers_and_units(noise):
    """Groups, moods and directions are in the figure as text."""
    lab.style()
    moods = library(noise, energy=np.repeat([0.9, 0.1], 30), valence=0.9)
    for figure, expected in [
        (lab.mood_figure(moods.tracks), {"rock (60)", "energetic and happy", "50%"}),
        (lab.distribution_figure(moods.tracks, ["tempo", "energy"]), {"tempo (beats per minute)", "energy (0 to 1)"}),
        (lab.map_figure(moods), {"piano", "rock (60)"}),
        (lab.direction_figure(lab.directions(moods, ("tempo", "energy"))), {"1.0", "tempo"}),
    ]:
        figure.canvas.draw()
        texts = {text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))}
        plt.close(figure)
        assert expected <= texts


def test_numbers_of_figures_are_short():
    """With a minus sign, and without powers of ten."""
    assert [lab.amount(value) for value in (-16.09, 1398.9, 0.2361, -0.08)] == ["−16.1", "1,399", "0.24", "−0.08"]


def test_a_table_of_tracks_has_players(url, library_dir):
    """A title is text, whatever is in it, and a file that cannot be read here has no player."""
    with Segue(url) as client:
        [damaged] = library_dir.rglob(Path(client.track(track_id(1)).path).name)
        damaged.write_bytes(b"no audio")
        rows = pd.DataFrame({"title": ["<b>&", "Two"], "energy": [0.5, 1]}, index=[track_id(0), track_id(1)])
        first, second = lab.players(client, rows).data.partition("<tbody>")[2].split("</tr>")[:2]

    assert "<td>&lt;b&gt;&amp;</td><td style='text-align:right'>0.50</td>" in first
    [address] = re.findall("src='data:audio/mpeg;base64,(.*?)'", first)
    assert soundfile.info(BytesIO(b64decode(address))).format == "MP3"
    assert widgets.NO_CLIP in second


def test_an_empty_library_is_said(tmp_path_factory, broker_url):
    """With what to do, and not as an error of pandas."""
    port = free_port()
    with (
        api_process(tmp_path_factory.mktemp("empty"), broker_url, port),
        Segue(f"http://127.0.0.1:{port}") as client,
        pytest.raises(ValueError, match=r"No track .* is analysed"),
    ):
        lab.load(client)


def test_a_large_library_is_sampled(url):
    """Rows of all parts belong together, and the total is known."""
    with Segue(url) as client:
        whole, part = lab.load(client), lab.load(client, most=10)

    assert (len(whole.tracks), len(part.tracks), part.total) == (24, 10, 24)
    assert whole.tracks["x"].isna().all()  # no worker has fitted a map
    plt.close(lab.map_figure(whole))
    assert part.space.shape == (10, DIMENSIONS)
    places = whole.tracks.index.get_indexer(part.tracks.index)
    assert np.array_equal(part.space, whole.space[places])
    assert list(part.tags.index) == list(part.tracks.index)
