"""Own features in the catalogue, on each database."""

import pytest

from services.catalog import own_features as store
from services.catalog.library import FileStamp
from services.catalog.tenancy import limited_to
from services.domain.errors import InvalidRequest
from services.domain.filters import Filters, Range
from services.domain.library import Selection
from services.domain.own_features import FEATURES_MAX, FeatureType, OwnFeatureNotFound
from services.domain.track import Tags
from tests.fakes.library import record, track_id

NUMBER, FLAG, TEXT = FeatureType.NUMBER, FeatureType.FLAG, FeatureType.TEXT
TYPES = {"mine.energy": NUMBER, "mine.radio_ok": FLAG, "mine.mood": TEXT}
A, B = frozenset({"a"}), frozenset({"b"})
IDS = [track_id(number) for number in range(4)]


@pytest.fixture
def tracks(catalogue):
    """Four ready tracks, the first two in library A and the others in B; the first three have own features."""
    catalogue.libraries.put("A", ["/a"], ["ann"])
    catalogue.libraries.put("B", ["/b"], ["bob"])
    for number, each in enumerate(IDS):
        folder = "/a" if number < 2 else "/b"
        catalogue.library.register(
            each, Tags(f"Title {number}"), FileStamp(f"{folder}/{number}", folder, number, number)
        )
        record(catalogue, each, number)
    with catalogue.own_features.replacing(TYPES) as staged:
        staged.add(
            [
                (IDS[0], {"mine.energy": 0.9, "mine.radio_ok": True, "mine.mood": "Calm"}),
                (IDS[1], {"mine.energy": 0.2, "mine.mood": "Wild nights"}),
                (IDS[2], {"mine.energy": 0.5, "mine.radio_ok": False}),
            ]
        )
    return catalogue


def found(catalogue, **filters):
    page = catalogue.browsing.page(Selection(filters=Filters(**filters), sort="title"))
    return [IDS.index(track.id) for track in page.tracks]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"ranges": {"mine.energy": Range(min=0.5)}}, [0, 2]),
        ({"ranges": {"mine.energy": Range(max=0.5)}}, [1, 2]),
        ({"ranges": {"mine.energy": Range(0.9, 0.9)}}, [0]),
        ({"ranges": {"mine.energy": Range()}}, [0, 1, 2]),
        ({"ranges": {"mine.energy": Range(min=0.8)}, "or_unknown": frozenset({"mine.energy"})}, [0, 3]),
        ({"ranges": {"mine.radio_ok": Range(1, 1)}}, [0]),
        ({"ranges": {"mine.radio_ok": Range(0, 0)}}, [2]),
        ({"any_of": {"mine.mood": ("calm",)}}, [0]),
        ({"any_of": {"mine.mood": ("CALM", "wild  nights")}}, [0, 1]),
        ({"any_of": {"mine.mood": ("wild",)}}, []),
        ({"none_of": {"mine.mood": ("calm",)}}, [1, 2, 3]),
        ({"ranges": {"mine.other": Range()}}, []),
        ({"any_of": {"other.mood": ("calm",)}}, []),
        ({"ranges": {"mine.energy": Range(min=0.5), "mine.radio_ok": Range(1, 1)}}, [0]),
    ],
)
def test_filters_select_tracks(tracks, filters, expected):
    """They mean the same as in the vector index (`test_vector_index`)."""
    assert found(tracks, **filters) == expected


def test_values_are_listed_and_shown(tracks):
    """With their types, their number and the range of numbers."""
    energy, mood, radio_ok = tracks.own_features.all()

    assert [(each.name, each.type, each.tracks) for each in (energy, mood, radio_ok)] == [
        ("mine.energy", NUMBER, 3),
        ("mine.mood", TEXT, 2),
        ("mine.radio_ok", FLAG, 2),
    ]
    assert (energy.low, energy.high, mood.low, radio_ok.high) == (0.2, 0.9, None, None)
    assert tracks.own_features.types() == dict(sorted(TYPES.items()))
    shown = {IDS.index(each): track.own_features for each, track in tracks.tracks.get_many(IDS).items()}
    assert shown == {
        0: {"mine.energy": 0.9, "mine.radio_ok": True, "mine.mood": "Calm"},
        1: {"mine.energy": 0.2, "mine.mood": "Wild nights"},
        2: {"mine.energy": 0.5, "mine.radio_ok": False},
        3: {},
    }
    assert shown[0]["mine.radio_ok"] is True


def payloads(catalogue):
    changes = catalogue.indexing.pending(10)
    catalogue.indexing.clear(changes)
    return {
        IDS.index(change.id): {name: value for name, value in change.point.payload.items() if name.startswith("mine.")}
        for change in changes
    }


def test_indexes_get_the_values(tracks):
    """Of each track whose values changed: numbers, flags as 0 or 1, and the keys of texts."""
    assert payloads(tracks) == {
        0: {"mine.energy": 0.9, "mine.radio_ok": 1.0, "mine.mood": ["calm"]},
        1: {"mine.energy": 0.2, "mine.mood": ["wild nights"]},
        2: {"mine.energy": 0.5, "mine.radio_ok": 0.0},
        3: {},
    }

    with tracks.own_features.replacing({"mine.mood": TEXT}) as staged:
        staged.add([(IDS[3], {"mine.mood": "new"})])

    assert payloads(tracks) == {
        0: {"mine.energy": 0.9, "mine.radio_ok": 1.0},
        1: {"mine.energy": 0.2},
        3: {"mine.mood": ["new"]},
    }


def test_many_changes_request_new_indexes(tracks, monkeypatch):
    """So that no index has to compare each of the changed points."""
    payloads(tracks)
    monkeypatch.setattr(store, "MARKED_MAX", 2)
    before = tracks.indexing.generation()

    assert tracks.own_features.remove("mine") == sorted(TYPES)

    assert tracks.indexing.generation() == before + 1
    assert tracks.indexing.count_pending() == 0


def test_an_import_replaces_its_columns_at_its_end(tracks):
    """Until then, and after an error, the old values are used."""

    def interrupted():
        with tracks.own_features.replacing({"mine.energy": NUMBER}) as staged:
            staged.add([(IDS[3], {"mine.energy": 1.0})])
            assert staged.taken(IDS) == {IDS[3]}
            assert found(tracks, ranges={"mine.energy": Range()}) == [0, 1, 2]
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert found(tracks, ranges={"mine.energy": Range()}) == [0, 1, 2]

    with tracks.own_features.replacing({"mine.energy": NUMBER}) as staged:
        staged.add([(IDS[3], {"mine.energy": 1.0}), (track_id(99), {"mine.energy": 1.0})])

    assert found(tracks, ranges={"mine.energy": Range()}) == [3]
    assert found(tracks, ranges={"mine.radio_ok": Range()}) == [0, 2]


def test_features_are_removed_by_name_and_by_namespace(tracks):
    """A removed feature is neither listed nor shown, and no track meets a filter on it."""
    assert tracks.own_features.remove("mine.energy") == ["mine.energy"]
    with pytest.raises(OwnFeatureNotFound):
        tracks.own_features.remove("min")

    assert found(tracks, ranges={"mine.energy": Range()}) == []
    assert "mine.energy" not in tracks.tracks.get(IDS[0]).own_features
    assert tracks.own_features.remove("mine") == ["mine.mood", "mine.radio_ok"]
    assert tracks.own_features.all() == []


def test_a_feature_keeps_its_type(tracks):
    """And there is a limit to their number; nothing changes if one is exceeded."""
    with (
        pytest.raises(InvalidRequest, match=r"'mine.mood' has the type text"),
        tracks.own_features.replacing({"mine.mood": NUMBER}),
    ):
        pass
    many = {f"mine.f{number}": NUMBER for number in range(FEATURES_MAX)}
    with pytest.raises(InvalidRequest, match="There can be 100"), tracks.own_features.replacing(many):
        pass

    assert tracks.own_features.types() == dict(sorted(TYPES.items()))


def test_a_library_sees_what_its_tracks_have(tracks):
    """Neither the names, the ranges nor the values of other tracks."""
    with tracks.own_features.replacing({"secret.score": NUMBER}) as staged:
        staged.add([(IDS[3], {"secret.score": 1.0})])

    with limited_to(A):
        assert list(tracks.own_features.types()) == sorted(TYPES)
        energy = tracks.own_features.all()[0]
        assert (energy.tracks, energy.low, energy.high) == (2, 0.2, 0.9)
        assert found(tracks, ranges={"mine.energy": Range()}) == [0, 1]
        assert found(tracks, ranges={"secret.score": Range()}) == []
    with limited_to(B):
        assert list(tracks.own_features.types()) == ["mine.energy", "mine.radio_ok", "secret.score"]
        assert found(tracks, ranges={"mine.energy": Range()}) == [2]


def test_what_an_interrupted_import_left_is_deleted(tracks, monkeypatch):
    """By the next one, after a day."""
    left = tracks.own_features.replacing({"mine.left": NUMBER})
    left.__enter__().add([(IDS[0], {"mine.left": 1.0})])
    monkeypatch.setattr(store, "ABANDONED_AFTER", -store.ABANDONED_AFTER)

    with tracks.own_features.replacing({"mine.energy": NUMBER}) as staged:
        assert tracks.own_features._abandoned() == list(staged.ids.values())
