"""The report as one page of HTML: styles and drawings are inside, and it loads nothing."""

from functools import partial
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.catalog.reports import TrackContent
from services.report.report import Report

GROUPS_SHOWN = 20
"""Groups of duplicates that are listed."""

_BYTES = 1000
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


def render(report: Report, url: str) -> str:
    """Return the page; its links lead to the page of the service at `url`."""
    environment = Environment(
        loader=PackageLoader("services.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": size, "time": time, "number": number, "share": share}
    environment.globals["link"] = partial(link, url)
    return environment.get_template("report.html.j2").render(report=report, groups_shown=GROUPS_SHOWN)


def link(url: str, track: TrackContent) -> str:
    """Return the address of a track on the page: its album, or a search for its names."""
    if track.album_id:
        return f"{url}/#/album/{track.album_id}"
    return f"{url}/#/search?{urlencode({'q': ' '.join(filter(None, (track.artist, track.title)))})}"


def size(count: float) -> str:
    """Return a number of bytes with its unit."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < _BYTES:
            return f"{count:.0f} {unit}" if unit in {"bytes", "kB"} or count >= 100 else f"{count:.1f} {unit}"  # noqa: PLR2004
        count /= _BYTES
    return f"{count:.1f} TB"


def time(milliseconds: float) -> str:
    """Return a length in the unit that suits it."""
    if milliseconds < 2 * _HOUR_MS:
        return f"{milliseconds / _MINUTE_MS:.0f} minutes"
    if milliseconds < 3 * _DAY_MS:
        return f"{milliseconds / _HOUR_MS:.0f} hours"
    return f"{milliseconds / _DAY_MS:,.0f} days"


def number(value: float) -> str:
    """Return a number with as many digits as a reader needs."""
    if value == int(value) or abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}".replace("-", "−")
    return (f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}").replace("-", "−")  # noqa: PLR2004


def share(part: float) -> str:
    """Return a share as a percentage; a small one is not 0 %."""
    if 0 < part < 0.001:  # noqa: PLR2004
        return "< 0.1 %"
    return f"{100 * part:.0f} %" if part >= 0.1 or not part else f"{100 * part:.1f} %"  # noqa: PLR2004
