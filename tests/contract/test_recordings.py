"""Several tracks may be one recording: which of them an id means, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime

import pytest

from services.domain.listening import NewListen
from services.domain.track import Tags
from tests.contract.test_catalogue import analysis, stamp, track_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MBID = "cccccccc-0000-4000-8000-000000000001"
BEFORE, AFTER = track_id(1), track_id(2)


def tags(**ids: str) -> Tags:
    return Tags("Piece", album="Pieces", ids={namespace: (value,) for namespace, value in ids.items()})


@pytest.mark.parametrize(("gone", "there"), [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_an_id_that_tracks_share_is_that_of_a_ready_one(catalogue, gone, there):
    """Whichever of them has the lower id."""
    catalogue.library.register(gone, tags(mbid=MBID), stamp("gone.mp3"))
    catalogue.library.register(there, tags(mbid=MBID), stamp("there.flac"))
    catalogue.analyses.record(there, analysis())
    name = f"mbid:{MBID.upper()}"

    assert catalogue.tracks.resolve([name]) == {name: there}

    catalogue.analyses.record(gone, analysis())
    assert catalogue.tracks.resolve([name]) == {name: BEFORE}

    catalogue.library.forget_files(["/music/gone.mp3"])
    assert catalogue.tracks.resolve([name]) == {name: there}
    [recorded] = catalogue.listens.add("anna", [NewListen(names=(name,), at=NOON)])
    assert recorded.track_id == there


def test_ids_of_tags_clients_and_listens_have_one_form(catalogue):
    """A listen that waits under one spelling finds the track whose tags have another."""
    [waiting, other] = catalogue.listens.add(
        "anna", [NewListen(names=(name,), at=NOON) for name in ("isrc:us-rc1-76-07809", "ISRC:GBAYE0601498")]
    )
    assert waiting.track_id is other.track_id is None

    catalogue.library.register(BEFORE, tags(isrc="USRC17607809"), stamp("a.mp3"))
    catalogue.library.register(AFTER, tags(), stamp("b.mp3"))
    catalogue.external_ids.change(AFTER, {"isrc": "gb-aye-06-01498"})

    listens = catalogue.listens.page("anna").listens
    assert {listen.id: listen.track_id for listen in listens} == {waiting.id: BEFORE, other.id: AFTER}
    assert catalogue.tracks.get(AFTER).ids == {"isrc": "GBAYE0601498"}
