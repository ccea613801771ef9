"""The map's layout: fits, alignment, placement and names of regions, on points whose arrangement is known."""

import subprocess
import sys

import numpy as np
import pytest

from models.layout.alignment import MARGIN, align, into_frame
from models.layout.fit import PCA, UMAP, best_method, fit
from models.layout.messages import Fitted, Order
from models.layout.neighbours import nearest
from models.layout.placement import place
from models.layout.regions import Region, distinctiveness, regions
from models.layout.umap import fuzzy_union
from tests.fakes.mapped import mixture

GROUPS = 6
MOVE_MAX = 0.10
"""The part of the map's width that the median track may move when the library has grown by a tenth."""


@pytest.fixture(scope="module")
def music():
    """330 unit vectors in six groups, in random order, and their groups."""
    random = np.random.default_rng(4)
    group = random.integers(GROUPS, size=330)
    vectors = random.normal(size=(GROUPS, 128))[group] + 0.5 * random.normal(size=(330, 128))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), group


def no_map(count):
    return np.full((count, 2), np.nan)


@pytest.fixture(scope="module")
def first(music):
    """The map of the first 300 tracks."""
    return fit(music[0][:300], no_map(300), UMAP)


def turned(points):
    """A map that is turned, mirrored, shrunk and moved."""
    return 0.3 * points @ np.array([[0.6, 0.8], [0.8, -0.6]]) + [7.0, -2.0]


@pytest.mark.parametrize(("count", "recall"), [(400, 1.0), (6000, 0.95)])
def test_neighbours_are_found(count, recall):
    """All of them in a small library and nearly all in a large one; each vector comes first among its own."""
    vectors = mixture(count).vectors
    vectors[1] = vectors[0]
    ids, distances = nearest(vectors, 20)
    asked = np.arange(0, count, count // 100)
    exact = np.argsort(-(vectors[asked] @ vectors.T), axis=1)[:, :20]
    found = [len(set(ids[one]) & set(best)) for one, best in zip(asked, exact, strict=True)]

    assert ids[:, 0].tolist() == list(range(count))
    assert np.mean(found) / 20 >= recall
    assert np.all(np.diff(distances, axis=1) >= 0)
    assert np.allclose(distances[7], np.linalg.norm(vectors[7] - vectors[ids[7]], axis=1), atol=1e-3)


def test_the_union_of_a_graph_has_both_directions():
    """The weights are those of W + Wᵀ - W∘Wᵀ, and edges without weight are gone."""
    random = np.random.default_rng(0)
    weights = np.where(random.uniform(size=(30, 30)) < 0.3, random.uniform(size=(30, 30)), 0)
    rows, columns = np.divmod(np.arange(900), 30)
    graph = fuzzy_union(rows, columns, weights.ravel(), 30)
    united = np.zeros((30, 30))
    united[graph.head, graph.tail] = graph.weight

    assert np.allclose(united, weights + weights.T - weights * weights.T)
    assert np.all(graph.weight > 0)


def test_a_fit_needs_no_scipy():
    """The images of the workers do not have it."""
    block = "import sys; sys.modules['scipy'] = None; import numpy as np; from models.layout.fit import UMAP, fit;"
    call = "fit(np.eye(80, dtype=np.float32), np.full((80, 2), np.nan), UMAP)"

    assert subprocess.run([sys.executable, "-c", f"{block} {call}"], check=False).returncode == 0


def test_alignment_undoes_a_similarity_transform():
    """A map that is turned, mirrored, scaled and moved comes back exactly; new tracks follow."""
    points = np.random.default_rng(0).uniform(size=(40, 2))
    previous = points.copy()
    previous[30:] = np.nan

    assert np.allclose(align(turned(points), previous), points)


def test_a_frame_keeps_proportions():
    """The longer side fills the square up to the margin; the shorter one is in the middle."""
    framed = into_frame(np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0]]))

    assert np.allclose(framed[:, 0], [MARGIN, 1 - MARGIN, 1 - MARGIN])
    assert np.allclose(framed[2, 1] - framed[1, 1], (1 - 2 * MARGIN) / 2)
    assert np.allclose(framed[:, 1].min() + framed[:, 1].max(), 1)


def test_a_new_track_is_placed_with_most_of_its_neighbours():
    """A track between two groups goes into the one with more of its neighbours, not into the space between."""
    landmarks = np.eye(128, dtype=np.float32)[:5]
    points = np.array([[0.1, 0.1], [0.12, 0.1], [0.11, 0.12], [0.9, 0.9], [0.92, 0.9]])
    placed = place(landmarks.mean(axis=0, keepdims=True), landmarks, points)

    assert np.linalg.norm(placed[0] - [0.11, 0.11]) < 0.05


def test_nothing_to_place_is_no_error():
    """No tracks give no points."""
    assert place(np.empty((0, 128), np.float32), np.eye(128, dtype=np.float32), np.zeros((128, 2))).shape == (0, 2)


@pytest.mark.parametrize("method", [UMAP, PCA])
def test_a_map_that_was_crowded_fills_the_frame(music, method):
    """A library that starts with a few tracks has a map of full size after the next fit."""
    crowded = 0.5 + 0.02 * np.random.default_rng(3).normal(size=(330, 2))
    points = fit(music[0], crowded, method)

    assert np.ptp(points, axis=0).max() >= 0.6
    assert 0 <= points.min() <= points.max() <= 1


def test_principal_axes_show_a_plane_as_it_is():
    """Vectors that lie in a plane keep their distances, up to the scale of the map."""
    plane = np.random.default_rng(1).normal(size=(50, 2))
    vectors = (plane @ np.linalg.qr(np.random.default_rng(2).normal(size=(128, 2)))[0].T).astype(np.float32)
    points = fit(vectors, no_map(50), PCA)

    assert np.allclose(align(points, plane), plane, atol=1e-5)


@pytest.mark.parametrize("method", [UMAP, PCA])
def test_a_map_has_similar_tracks_together(music, method):
    """Nearly all tracks have a track of their own group beside them, in the unit square."""
    vectors, group = music
    points = fit(vectors, no_map(len(vectors)), method)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points))
    shown = {UMAP: 0.97, PCA: 0.6}[method]

    assert points.min() >= 0
    assert points.max() <= 1
    assert np.mean(group[distances.argmin(axis=1)] == group) > shown


@pytest.mark.parametrize("method", [UMAP, PCA])
def test_a_refit_keeps_tracks_where_they_were(music, first, method):
    """After the library has grown by a tenth, the median track moves at most a tenth of the map's width."""
    vectors, _ = music
    before = first if method == UMAP else fit(vectors[:300], no_map(300), PCA)
    after = fit(vectors, np.vstack([before, no_map(30)]), method)
    moves = np.linalg.norm(after[:300] - before, axis=1)

    assert after.shape == (330, 2)
    assert np.median(moves) <= MOVE_MAX
    assert moves.max() > 0


def test_a_fit_is_reproducible(music, first):
    """The same tracks give the same map."""
    assert np.array_equal(first, fit(music[0][:300], no_map(300), UMAP))


def test_equal_tracks_do_not_stop_a_fit():
    """Three copies of one recording have a map, of finite points."""
    assert np.isfinite(fit(np.tile(np.eye(128, dtype=np.float32)[0], (3, 1)), no_map(3), PCA)).all()


def test_small_libraries_use_the_principal_axes():
    """UMAP needs some tracks, and is used from then on because the tests install it."""
    assert best_method(10) == PCA
    assert best_method(1000) == UMAP


def test_a_common_tag_is_not_distinctive():
    """A tag that is heard everywhere has no weight; one that is heard only here has most."""
    inside = np.array([[True, True, False]] * 4)
    everywhere = np.vstack([inside, [[True, False, True]] * 12])
    scores = distinctiveness(inside, everywhere)

    assert scores[0] == scores[2] == 0
    assert scores[1] == pytest.approx(np.log(4))


def test_regions_are_named_by_what_sets_them_apart():
    """Two groups of tracks, all with "guitar", are named by their own tags, each at both zoom levels."""
    points = np.vstack([np.random.default_rng(n).normal(n, 0.05, size=(60, 2)) for n in (0, 1)])
    heard = np.zeros((120, 3), dtype=bool)
    heard[:, 0] = heard[:60, 1] = heard[60:, 2] = True
    found = regions(points, heard, ["guitar", "jazz", "metal"])

    assert {region.level for region in found} == {0, 1}
    assert {tag for region in found for tag in region.tags} == {"jazz", "metal"}
    for region in found:
        assert region.tags == (("jazz",) if region.x < 0.5 else ("metal",))


def test_messages_survive_the_pipe():
    """An order and its answer are read as they were written."""
    order = Order(np.eye(3, 128, dtype=np.float32), no_map(3), np.eye(3, dtype=bool), ("new wave", "ü", "a"))
    fitted = Fitted(np.ones((3, 2)), (Region(1, 0.5, 0.25, ("ü", "a"), 3),))
    read, answer = Order.decode(order.encode()), Fitted.decode(fitted.encode())

    assert read.tags == order.tags
    assert np.array_equal(read.vectors, order.vectors)
    assert np.array_equal(read.previous, order.previous, equal_nan=True)
    assert np.array_equal(read.heard, order.heard)
    assert answer.regions == fitted.regions
    assert np.array_equal(answer.points, fitted.points)
