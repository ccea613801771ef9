"""`segue demo-listeners`: simulated listeners with listens, verdicts and a recommendation log."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind
from services.evaluation.demo_listeners import DAYS, EXPERIMENT, SESSION, simulate
from services.index.exact import ExactIndex
from tests.fakes.library import open_catalogue, write_library

UNTIL = datetime(2026, 11, 1, 15, 30, tzinfo=UTC)
LISTENERS, HALF_LIFE = 6, 30.0
EARLIEST_HOUR = 5


def run(catalogue, seed=0, listeners=LISTENERS):
    index = ExactIndex(catalogue.indexing)
    return simulate(catalogue, index, UNTIL, HALF_LIFE, seed=seed, listeners=listeners, tell=lambda _name: None)


def listens_of(catalogue, name):
    return catalogue.listens.page(name, limit=5_000).listens


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    with open_catalogue(folder) as catalogue:
        write_library(catalogue, folder / "music", 80)
        yield catalogue, run(catalogue)


def test_listeners_have_a_history_of_weeks(simulated):
    catalogue, written = simulated
    listens = [each for name in range(1, LISTENERS + 1) for each in listens_of(catalogue, f"simulated-{name:02}")]

    assert len(listens) == written > 20 * LISTENERS
    assert {EventKind.PLAY, EventKind.SKIP, EventKind.LIKE} <= {each.kind for each in listens}
    assert UNTIL - timedelta(days=DAYS + 1) <= min(each.at for each in listens)
    assert max(each.at for each in listens) <= UNTIL
    assert min(each.at.hour for each in listens) >= EARLIEST_HOUR
    assert any(each.track_id is None for each in listens)


def test_recommendations_are_in_the_log_with_what_followed(simulated):
    """All tracks of a session follow its answer, and both variants of the experiment have listeners."""
    catalogue, _ = simulated
    answers = list(catalogue.recommendation_log.outcomes(experiment=EXPERIMENT.name))

    assert {answer.variant for answer, _ in answers} == {variant.name for variant in EXPERIMENT.variants}
    for answer, outcomes in answers:
        assert len(answer.tracks) == SESSION
        assert {each.track_id for each in answer.tracks} == {each.track_id for each in outcomes}


def test_listeners_that_exist_are_left_as_they_are(simulated):
    catalogue, _ = simulated

    assert run(catalogue, seed=1) == 0


def test_the_same_seed_gives_the_same_listens(simulated, tmp_path):
    catalogue, _ = simulated
    with open_catalogue(tmp_path) as other:
        write_library(other, tmp_path / "music", 80)
        run(other, listeners=1)

        first, second = (listens_of(each, "simulated-01") for each in (catalogue, other))
        assert [(each.track_id, each.kind, each.at) for each in first] == [
            (each.track_id, each.kind, each.at) for each in second
        ]


def test_a_library_with_few_tracks_is_refused(tmp_path):
    with open_catalogue(tmp_path) as catalogue:
        write_library(catalogue, tmp_path / "music", 5)

        with pytest.raises(InvalidRequest, match="5 analysed tracks"):
            run(catalogue)
