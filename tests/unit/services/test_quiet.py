"""Quiet hours are a part of each day, also over midnight."""

from datetime import UTC, datetime

import pytest

from services.domain.errors import NotConfigured
from services.domain.quiet import QuietHours
from services.settings import load_settings


def at(text):
    return datetime.strptime(text, "%d %H:%M").replace(year=2026, month=5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "began"),
    [
        ("18:00-23:30", "10 17:59", None),
        ("18:00-23:30", "10 18:00", "10 18:00"),
        ("18:00-23:30", "10 23:29", "10 18:00"),
        ("18:00-23:30", "10 23:30", None),
        ("22:00 - 07:00", "10 23:00", "10 22:00"),
        ("22:00 - 07:00", "11 06:59", "10 22:00"),
        ("22:00 - 07:00", "11 07:00", None),
    ],
)
def test_the_begin_of_the_present_quiet_hours(hours, now, began):
    """It is the same all through the night, so that they pause once."""
    assert QuietHours.parse(hours).began_at(at(now)) == (None if began is None else at(began))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("SEGUE_QUIET_HOURS", value) for value in ("22:00", "22:00-24:00", "7-8", "07:00-07:00")),
        *(("SEGUE_RESCAN_AT", value) for value in ("25:00", "night")),
        *(("SEGUE_ANALYSIS_CPU", value) for value in ("0", "1.5")),
    ],
)
def test_other_values_are_refused(monkeypatch, variable, value):
    """The error names the setting."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(NotConfigured, match=variable):
        load_settings()
