"""Spaces on each database: filling, serving, settling, rollback and deletion never mix the vectors of two models."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, update

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.exports import Selected
from services.catalog.spaces import HOME
from services.catalog.tables import MetaRow, SpaceRow
from services.cli.searching import search_index
from services.composition import compose
from services.domain.errors import InvalidRequest
from services.domain.spaces import SpaceRole
from services.domain.track import Analysis, TrackStatus
from services.domain.vector_index import TRACKS
from services.settings import Settings
from tests.fakes.installation import wait_until
from tests.fakes.library import MODEL, record, register, track_id, unit_vector, write_tone
from tests.fakes.queue import RecordingQueue
from tests.fakes.serving import wait_until_indexed
from tests.fakes.spaces import HOUR, complete_space, index_space, serve_space
from workers.lifecycle import ChildContext
from workers.spaces import tend

NEXT = "test-2"
COUNT = 5


@pytest.fixture
def tracks(catalogue: Catalogue, tmp_path) -> list[str]:
    """Ready tracks in the served space; their vectors in the next one are the negative ones."""
    found = [
        register(catalogue, write_tone(tmp_path / f"{number}.wav", 200 + number), number) for number in range(COUNT)
    ]
    for number, track in enumerate(found):
        record(catalogue, track, number)
    catalogue.spaces.adopt(MODEL)
    index_space(catalogue, MODEL)
    return found


def upgraded(number: int) -> Analysis:
    """Return the analysis of a track by the next model."""
    return Analysis(-unit_vector(number), 0.2, {"energy": 0.9}, {"tempo": 60.0}, {"msd:jazz": 0.9}, NEXT, 12.5)


def fill(catalogue: Catalogue, count: int = COUNT, analysis: Callable[[int], Analysis] = upgraded) -> int:
    """Analyse up to `count` waiting tracks in the next space, and return how many there were."""
    done = 0
    while done < count and (claim := catalogue.space_analyses.claim(NEXT, HOUR)) is not None:
        number = next(each for each in range(COUNT + 1) if track_id(each) == claim.track_id)
        catalogue.space_analyses.record(claim.track_id, analysis(number))
        done += 1
    return done


def analysed(catalogue: Catalogue, analysis: Callable[[int], Analysis] = upgraded) -> None:
    """Analyse all tracks in the next space, which has no index yet."""
    catalogue.spaces.begin(NEXT, again=True)
    catalogue.space_analyses.enlist(NEXT)
    fill(catalogue, analysis=analysis)
    catalogue.space_analyses.finish(NEXT)


def filled(catalogue: Catalogue) -> None:
    analysed(catalogue)
    index_space(catalogue, NEXT)


def signs(catalogue: Catalogue) -> set[int]:
    """Return in which spaces the vectors are that readers get: 1 for the first one, -1 for the next one."""
    found = catalogue.tracks.embedded([track_id(number) for number in range(COUNT)])
    return {
        round(float(track.vector @ unit_vector(number)))
        for number in range(COUNT)
        if (track := found.get(track_id(number)))
    }


def points(catalogue: Catalogue, space: str | None = None) -> set[int]:
    changes = [change for batch in catalogue.queue_of(TRACKS, space).ready() for change in batch]
    numbers = {track_id(number): number for number in range(COUNT)}
    return {round(float(change.point.vector @ unit_vector(numbers[change.id]))) for change in changes if change.point}


def test_the_old_space_answers_until_the_next_one_is_served(catalogue, tracks):
    """While a space fills, and after it is full, readers get the vectors of the served one."""
    catalogue.spaces.begin(NEXT)
    assert catalogue.space_analyses.enlist(NEXT) == COUNT
    assert fill(catalogue, 3) == 3
    half = (signs(catalogue), points(catalogue))
    filled(catalogue)

    assert half == ({1}, {1})
    assert (signs(catalogue), points(catalogue), points(catalogue, NEXT)) == ({1}, {1}, {-1})
    assert catalogue.queue_of(TRACKS, NEXT).count_ready() == COUNT


def test_a_space_may_have_another_dimension(catalogue, tracks):
    """Its vectors are stored, indexed and read beside those of the served space; a vector of that one is refused."""
    catalogue.spaces.begin(NEXT, dimension=40)
    catalogue.space_analyses.enlist(NEXT)
    short = np.eye(40, dtype=np.float32)
    for number, track in enumerate(tracks):
        with pytest.raises(ValueError, match=r"\(40,\)"):
            catalogue.space_analyses.record(track, upgraded(number))
        catalogue.space_analyses.record(track, replace(upgraded(number), embedding=short[number]))
    catalogue.space_analyses.finish(NEXT)
    index_space(catalogue, NEXT)
    [first, second] = catalogue.space_mappings.pairs(MODEL, NEXT, COUNT)[1:]
    before = signs(catalogue)
    catalogue.space_store.serve(NEXT)
    shapes = set()
    for moment in ("before", "after"):
        found = catalogue.tracks.embedded(tracks)
        queued = [change.point for batch in catalogue.queue_of(TRACKS).ready() for change in batch]
        sample = catalogue.tracks.sample(COUNT)
        shapes |= {vector.shape for vector in (*sample.values(), *(each.vector for each in (*found.values(), *queued)))}
        assert len(found) == len(queued) == len(sample) == COUNT, moment
        while catalogue.space_store.settle():
            pass

    assert (first.shape, second.shape, before) == ((COUNT, 128), (COUNT, 40), {1})
    assert shapes == {(40,)}
    assert catalogue.spaces.dimension() == 40


def test_readers_see_one_space_however_far_the_move_is(catalogue, tracks, monkeypatch):
    """After a switch, analyses change places in the background; each step leaves every reader in the served space."""
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    monkeypatch.setattr("services.catalog.space_store.SETTLED_AT_ONCE", 2)
    seen = [signs(catalogue)]
    while catalogue.space_store.settle():
        seen.append(signs(catalogue))

    assert seen == [{-1}] * 4
    assert (points(catalogue), points(catalogue, MODEL)) == ({-1}, {1})
    track = catalogue.tracks.get(tracks[0])
    assert (track.model_version, track.attributes["energy"], track.tags) == (NEXT, 0.9, ("jazz",))


def test_highlights_are_of_the_served_space(catalogue, tracks):
    """The model before the switch looked for none; the switch brings them, and settling keeps them."""
    filled(catalogue)
    found = [catalogue.tracks.highlights(tracks)]
    catalogue.space_store.serve(NEXT)
    found.append(catalogue.tracks.highlights(tracks))
    while catalogue.space_store.settle():
        pass
    found.append(catalogue.tracks.highlights(tracks))

    assert found == [{}, dict.fromkeys(tracks, 12.5), dict.fromkeys(tracks, 12.5)]


def test_a_model_that_hears_speech_marks_spoken_word(catalogue, tracks):
    """Settling stores what the next model takes for speech, and tells the index, which leaves it out of answers."""
    analysed(catalogue, lambda number: replace(upgraded(number), attributes={"speechiness": 0.9 - 0.3 * number}))
    index_space(catalogue, NEXT)
    catalogue.space_store.serve(NEXT)
    while catalogue.space_store.settle():
        pass

    found = catalogue.tracks.get_many(tracks)

    assert [found[track].fragment for track in tracks] == ["speech", *[None] * (COUNT - 1)]
    assert points(catalogue) == {-1}
    pending = {change.id: change.point.payload for change in catalogue.queue_of(TRACKS).pending(COUNT) if change.point}
    assert pending[tracks[0]]["fragment"] == ["speech"]


def test_a_request_that_began_before_a_switch_ends_in_the_old_space(catalogue, tracks):
    """A pinned request reads the space of its first read, also after a switch and a settlement."""
    filled(catalogue)
    catalogue.spaces.pin()
    before = signs(catalogue)
    catalogue.space_store.serve(NEXT)
    catalogue.space_store.settle()
    during = signs(catalogue)
    catalogue.spaces.unpin()

    assert (before, during, signs(catalogue)) == ({1}, {1}, {-1})


def test_a_rollback_serves_the_previous_space_again(catalogue, tracks):
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    catalogue.space_store.settle()
    catalogue.space_store.serve(catalogue.space_store.previous())
    unsettled = signs(catalogue)
    while catalogue.space_store.settle():
        pass

    assert (unsettled, signs(catalogue), points(catalogue)) == ({1}, {1}, {1})
    assert [(each.model_version, each.role) for each in catalogue.space_store.all()] == [
        (MODEL, SpaceRole.SERVED),
        (NEXT, SpaceRole.PREVIOUS),
    ]


def test_a_dropped_space_leaves_nothing(catalogue, tracks):
    """After the old space is deleted, the tables are as if there had never been another one, even unsettled."""
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    with pytest.raises(InvalidRequest, match="a moment ago"):
        catalogue.space_store.drop(MODEL)
    leave(catalogue, days=1)
    catalogue.space_store.drop(MODEL)

    assert (signs(catalogue), points(catalogue), catalogue.spaces.joined()) == ({-1}, {-1}, None)
    assert catalogue.index_builds.served(TRACKS.name) is None
    assert [each.ready for each in catalogue.space_store.all()] == [COUNT]
    assert not catalogue.spaces.begin(MODEL)
    assert catalogue.spaces.begin(MODEL, again=True)


def test_covers_and_exports_are_of_the_served_space(catalogue, tracks):
    """Also while the analyses change places."""
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    faces = catalogue.covers.faces(tracks)
    with catalogue.exports.snapshot() as snapshot:
        [features] = snapshot.features(Selected())
        [embeddings] = snapshot.embeddings(Selected())

    assert {face.energy for face in faces} == {0.9}
    assert {face.vector.tobytes() for face in faces} == {row[2] for row in embeddings}
    assert {row[1] for row in (*features, *embeddings)} == {NEXT}
    assert {row[0]: row[2] for row in embeddings} == {
        track_id(number): (-unit_vector(number)).astype("<f4").tobytes() for number in range(COUNT)
    }


def test_a_new_track_is_in_both_spaces(catalogue, tracks, tmp_path):
    """A worker with both models records both analyses; without the next one, the track waits in the next space."""
    filled(catalogue)
    new = register(catalogue, write_tone(tmp_path / "new.wav", 700), COUNT)
    both = Analysis(unit_vector(COUNT), 0.1, {}, {}, {}, MODEL)
    catalogue.analyses.record(new, both, [upgraded(COUNT)])
    found = {space: catalogue.queue_of(TRACKS, space).changes([new])[0].point for space in (MODEL, NEXT)}
    other = register(catalogue, write_tone(tmp_path / "other.wav", 800), COUNT + 1)
    catalogue.analyses.record(other, Analysis(unit_vector(9), 0.1, {}, {}, {}, MODEL), waiting=[NEXT])

    assert np.allclose(found[MODEL].vector, -found[NEXT].vector)
    assert catalogue.space_analyses.filling(NEXT).waiting == 1
    assert catalogue.queue_of(TRACKS, NEXT).changes([other])[0].point is None


def test_a_track_without_an_analysis_in_the_served_space_is_analysed_again(catalogue, tracks):
    """It leaves the answers at the switch, and waits for its analysis as a new track does."""
    catalogue.spaces.begin(NEXT)
    catalogue.space_analyses.enlist(NEXT)
    fill(catalogue, COUNT - 1)
    complete_space(catalogue, NEXT)
    failed = catalogue.space_store.get(NEXT).failed
    catalogue.space_store.serve(NEXT)
    answered = len(catalogue.tracks.embedded(tracks))
    catalogue.space_store.settle()

    assert (failed, answered) == (1, COUNT - 1)
    assert catalogue.tracks.count_by_status()[TrackStatus.PENDING] == 1


def test_a_track_that_was_missing_during_a_switch_counts_once(catalogue, tracks, tmp_path):
    """When its file is back, it is analysed again, and this analysis replaces the one that it has in the space."""
    filled(catalogue)
    file = tmp_path / "0.wav"
    catalogue.library.forget_files([str(file)])
    catalogue.space_store.serve(NEXT)
    catalogue.space_store.settle()
    register(catalogue, file, 0)
    catalogue.analyses.record(tracks[0], upgraded(0))

    assert catalogue.space_analyses.filling(NEXT).ready == COUNT


def test_a_track_that_crashes_workers_is_given_up(catalogue, tracks):
    """A track that is claimed three times without an outcome has no analysis in the space."""
    catalogue.spaces.begin(NEXT)
    catalogue.space_analyses.enlist(NEXT)
    claims = 0
    while catalogue.space_analyses.claim(NEXT, -HOUR) is not None:
        claims += 1

    assert claims == 3 * COUNT
    assert catalogue.space_analyses.filling(NEXT).failed == COUNT


def served_after_tending(catalogue: Catalogue, folder: Path, switch: str = "automatic") -> str:
    """Do what a worker does every minute, and return the served space."""
    settings = Settings(data_dir=folder, model_switch=switch)
    tend(ChildContext(settings, catalogue, RecordingQueue()))
    return catalogue.spaces.latest().served


def test_a_complete_space_is_served_automatically_once_it_is_compared(catalogue, tracks, tmp_path):
    """If the setting says so, and words can be carried over; a space that was left is not served again by itself."""
    filled(catalogue)
    uncompared = served_after_tending(catalogue, tmp_path)
    catalogue.space_store.compared(NEXT, {"carries_words": False})
    without_words = served_after_tending(catalogue, tmp_path)
    catalogue.space_store.compared(NEXT, {"carries_words": True})
    manual = served_after_tending(catalogue, tmp_path, "manual")
    automatic = served_after_tending(catalogue, tmp_path)
    versions = {catalogue.tracks.get(track).model_version for track in tracks}
    catalogue.space_store.serve(MODEL)
    after_rollback = served_after_tending(catalogue, tmp_path)

    assert (uncompared, without_words, manual) == (MODEL, MODEL, MODEL)
    assert (automatic, versions) == (NEXT, {NEXT})
    assert after_rollback == MODEL


def test_a_space_that_lacks_tracks_is_not_served_automatically(catalogue, tracks, tmp_path):
    """One of five tracks is more than 1 %."""
    catalogue.spaces.begin(NEXT)
    catalogue.space_analyses.enlist(NEXT)
    fill(catalogue, COUNT - 1)
    complete_space(catalogue, NEXT)
    catalogue.space_store.compared(NEXT, {"carries_words": True})

    assert served_after_tending(catalogue, tmp_path) == MODEL


def leave(catalogue: Catalogue, days: int) -> None:
    """Let the first space have been left some days ago."""
    with catalogue.database.write() as session:
        left = now() - timedelta(days=days)
        session.execute(update(SpaceRow).where(SpaceRow.model_version == MODEL).values(left_at=left))


def test_the_old_space_is_deleted_after_some_days(catalogue, tracks, tmp_path):
    """Until then a rollback is possible."""
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    leave(catalogue, days=13)
    served_after_tending(catalogue, tmp_path)
    before = [space.model_version for space in catalogue.space_store.all()]
    leave(catalogue, days=15)
    served_after_tending(catalogue, tmp_path)

    assert before == [NEXT, MODEL]
    assert [space.model_version for space in catalogue.space_store.all()] == [NEXT]
    assert signs(catalogue) == {-1}


@pytest.mark.parametrize("catalogue", ["sqlite"], indirect=True)
def test_the_indexes_of_dropped_spaces_are_deleted(catalogue, tracks, tmp_path):
    """By the API process that runs, or by the next one that starts."""
    analysed(catalogue)
    settings = Settings(data_dir=tmp_path, redis_url="redis://127.0.0.1:1")

    def directories() -> list[str]:
        return sorted(path.parent.name for path in tmp_path.glob("*/lock"))

    with closing(compose(settings)):
        wait_until(lambda: len(directories()) == 4)
        catalogue.space_store.drop(NEXT)
        wait_until(lambda: len(directories()) == 2)
    analysed(catalogue)
    with closing(compose(settings)):
        wait_until(lambda: catalogue.space_store.get(NEXT).can_serve)
    catalogue.space_store.serve(NEXT)
    leave(catalogue, days=1)
    catalogue.space_store.drop(MODEL)
    with closing(compose(settings)) as services:
        wait_until_indexed(services)
        count = services.index.count()

    assert directories() == [f"index@{NEXT}", f"picture-index@{NEXT}"]
    assert count == COUNT


def test_a_command_searches_the_index_of_the_served_space(catalogue, tracks):
    """On a Qdrant server too, where each space has a collection."""
    filled(catalogue)
    catalogue.space_store.serve(NEXT)
    with ExitStack() as stack:
        index = search_index(Settings(qdrant_url="http://127.0.0.1:1"), catalogue, stack)

    assert index.name == f"{TRACKS.name}@{NEXT}"


def test_only_a_complete_space_is_served(catalogue, tracks):
    catalogue.spaces.begin(NEXT)
    catalogue.space_analyses.enlist(NEXT)
    with pytest.raises(InvalidRequest, match="5 tracks wait"):
        catalogue.space_store.serve(NEXT)
    with pytest.raises(InvalidRequest, match="served already"):
        catalogue.space_store.serve(MODEL)
    with pytest.raises(InvalidRequest, match="no space of model version 'x'"):
        catalogue.space_store.serve("x")


def test_the_index_of_a_catalogue_from_before_spaces_keeps_its_name(catalogue, tracks):
    """No worker has adopted its model version yet, when the first API process opens the index."""
    with catalogue.database.write() as session:
        session.execute(delete(MetaRow).where(MetaRow.key == HOME))

    view = catalogue.spaces.refresh()

    assert view.index_name(TRACKS.name, MODEL) == TRACKS.name
    assert view.index_name(TRACKS.name, NEXT) == f"{TRACKS.name}@{NEXT}"


def test_the_first_space_is_that_of_the_ready_tracks(catalogue, tracks):
    """A release with another model begins its space and does not serve it."""
    assert catalogue.spaces.adopt("test-9").served == MODEL
    serve_space(catalogue, NEXT, MODEL)
    assert (catalogue.spaces.view().served, catalogue.spaces.view().home) == (NEXT, MODEL)
