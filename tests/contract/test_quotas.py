"""Quotas of libraries and their usage by day; SQLite and PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest

from services.catalog.library import FileStamp
from services.domain.errors import CatalogueUnavailable, LibraryFull, LibraryNotFound, QuotaExceeded
from services.domain.quotas import NO_QUOTA, DayUsage, Quota, Resource, today
from services.domain.track import Tags
from services.quotas.meter import Meter

UPLOADS = Path("/data/uploads")


@pytest.fixture
def kids(catalogue):
    """A catalogue with the library Kids."""
    catalogue.libraries.put("Kids", ["/music/kids", "/data/uploads/kids"], [])
    return catalogue


def register(catalogue, number, folder="/music/kids", size=1, **options):
    stamp = FileStamp(f"{folder}/{number}.mp3", folder, size, 1)
    catalogue.library.register(f"00000000-0000-8000-8000-{number:012}", Tags("Title"), stamp, **options)


def test_a_quota_is_kept_and_replaced(kids):
    """A library without one has no limits; its name is found without regard to case."""
    assert kids.quotas.get("kids") == NO_QUOTA

    kids.quotas.put("KIDS", Quota(tracks=10, requests=5))
    kids.quotas.put("Kids", Quota(tracks=20))

    assert kids.quotas.get("Kids") == Quota(tracks=20)
    assert kids.quotas.limited(Resource.TRACKS) == {"kids": ("Kids", 20)}
    assert kids.quotas.limited(Resource.REQUESTS) == {}
    with pytest.raises(LibraryNotFound):
        kids.quotas.put("nobody", Quota())


def test_what_a_library_holds_is_counted(kids):
    """Tracks once, whatever their files; of uploads the bytes."""
    register(kids, 1)
    register(kids, 1, "/music/kids/copies")
    register(kids, 2, "/data/uploads/kids", size=700)
    register(kids, 3, "/music")
    usage = kids.quotas.usage("Kids", UPLOADS)

    assert (usage.tracks, usage.pending, usage.upload_bytes, usage.days) == (2, 2, 700, ())
    assert (kids.quotas.count_tracks("kids"), kids.quotas.uploaded_bytes("kids", UPLOADS)) == (2, 700)


def test_a_track_is_registered_within_the_quota(kids):
    """Another file of a track of the library needs no room, and without a quota there is always some."""
    register(kids, 1, within_quota=True)
    kids.quotas.put("Kids", Quota(tracks=1))
    register(kids, 1, "/music/kids/copies", within_quota=True)
    register(kids, 2, "/music", within_quota=True)
    with pytest.raises(LibraryFull, match="'Kids' has the 1 tracks"):
        register(kids, 3, within_quota=True)

    assert kids.quotas.count_tracks("kids") == 1


def test_usage_adds_up_by_day(kids):
    """Of several processes; that of a library that is gone is dropped, and old days are deleted."""
    yesterday, old = today() - timedelta(days=1), today() - timedelta(days=500)
    for day in (today(), yesterday, old, today()):
        kids.quotas.add({"kids": DayUsage(day, 2, 1.5), "gone": DayUsage(day, 1, 1.0)})

    assert kids.quotas.usage("Kids", UPLOADS).days == (DayUsage(today(), 4, 3.0), DayUsage(yesterday, 2, 1.5))
    assert len(kids.quotas.usage("Kids", UPLOADS, days=600).days) == 3
    kids.quotas.forget_old()
    assert len(kids.quotas.usage("Kids", UPLOADS, days=600).days) == 2
    kids.libraries.remove("Kids")
    assert kids.quotas.report(UPLOADS) == []


def test_a_library_without_minutes_has_no_turn(kids):
    """Its tracks wait for the next day, or for a larger quota; those of others are sent."""
    register(kids, 1)
    register(kids, 2, "/music")
    kids.quotas.put("Kids", Quota(analysis_minutes=1))
    assert kids.quotas.without_minutes() == set()

    kids.quotas.add({"kids": DayUsage(today() - timedelta(days=1), 0, 90.0)})
    assert kids.quotas.without_minutes() == set()
    kids.quotas.add({"kids": DayUsage(today(), 0, 60.0)})
    assert kids.quotas.without_minutes() == {"kids"}
    kids.quotas.put("Kids", Quota(analysis_minutes=2))
    assert kids.quotas.without_minutes() == set()
    kids.quotas.put("Kids", Quota(analysis_minutes=0))
    assert kids.quotas.without_minutes() == {"kids"}


def test_the_report_has_each_resource_of_each_library(kids):
    """With what is used today and the quota; the library with the most tracks comes first."""
    kids.libraries.put("Adults", ["/music/adults"], [])
    register(kids, 1)
    register(kids, 1, "/music/kids/copies")
    register(kids, 2, "/data/uploads/kids", size=700)
    register(kids, 3, "/music")
    kids.quotas.put("Kids", Quota(requests=5, analysis_minutes=2))
    kids.quotas.add({"kids": DayUsage(today(), 4, 90.0)})
    report = [(each.library, each.resource.value, each.used, each.quota) for each in kids.quotas.report(UPLOADS)]

    assert report[4:] == [("Adults", resource.value, 0, None) for resource in Resource]
    assert kids.quotas.report(UPLOADS, limit=1) == kids.quotas.report(UPLOADS)[:4]
    assert report[:4] == [
        ("Kids", "tracks", 2, None),
        ("Kids", "upload_bytes", 700, None),
        ("Kids", "requests", 4, 5),
        ("Kids", "analysis_minutes", 1.5, 2),
    ]


def test_a_meter_refuses_requests_over_the_quota(kids):
    """Also those that another process has counted. Without a quota all are counted."""
    kids.quotas.put("Kids", Quota(requests=3))
    kids.quotas.add({"kids": DayUsage(today(), 1)})
    meter = Meter(kids.quotas, every=3600)
    meter.count_request(["kids"])
    meter.count_request(["kids"])
    with pytest.raises(QuotaExceeded, match="'Kids'") as refused:
        meter.count_request(["kids"])
    assert 1 <= refused.value.retry_after <= 86400

    kids.quotas.put("Kids", Quota())
    meter.write()
    meter.count_request(["kids"])
    meter.count_analysis("kids", 2.5)
    meter.close()
    assert kids.quotas.usage("Kids", UPLOADS).days == (DayUsage(today(), 4, 2.5),)


def test_a_meter_keeps_what_it_cannot_write(kids, monkeypatch):
    """Until the catalogue is available again."""
    meter = Meter(kids.quotas, every=3600)
    meter.count_request(["kids"])

    def does_not_respond():
        raise CatalogueUnavailable("The catalogue does not respond.")

    with monkeypatch.context() as away:
        away.setattr(kids.database, "write", does_not_respond)
        meter.write()
    meter.count_request(["kids"])
    meter.close()

    assert kids.quotas.usage("Kids", UPLOADS).days == (DayUsage(today(), 2),)
