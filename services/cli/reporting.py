"""`segue report`: the library on one page, for its owner.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.arguments import AsJson

if TYPE_CHECKING:
    from services.report.report import Report


def report(
    *,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with drawings and lists into this file.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of the service for the links of the page.", show_default="this service")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is in the library, what is odd, what is there twice and what is missing. See docs/report.md."""
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.domain.errors import StorageUnavailable
    from services.report.page import render
    from services.report.report import report_on
    from services.settings import load_settings
    from services.storage.locks import running_url

    settings = load_settings()
    with open_catalogue(settings) as catalogue:
        found = report_on(catalogue)
    if html is not None:
        address = url or running_url(settings) or settings.service_url
        try:
            html.write_text(render(found, address.rstrip("/")), encoding="utf-8")
        except OSError as error:
            raise StorageUnavailable(f"'{html}' cannot be written: {error.strerror}. Choose another file.") from error
    if as_json:
        output.print_json(found.to_json())
    else:
        output.print_lines(*lines_of(found))
    if html is not None:
        output.print_message(f"Wrote {html}.")


def lines_of(report: "Report") -> list[str]:
    """Return the figures as lines."""
    from services.report.page import share, size, time

    totals = report.totals
    groups = ((report.copies, "tracks in several files"), (report.recordings, "recordings more than once"))
    lacking = [f"{each.name.lower()} {share(each.share)}" for each in report.missing if each.tracks]
    return [
        f"{totals.tracks:,} tracks ({totals.analysed:,} analysed), {totals.albums:,} albums",
        f"{totals.artists:,} artists, {totals.genres:,} genres",
        f"{time(totals.milliseconds)} of music, {size(totals.bytes)} in {totals.files:,} files",
        "Formats: " + (", ".join(f"{each.name} {each.files:,}" for each in report.formats) or "none"),
        f"Odd ones out: {report.odd_tracks:,}",
        *(f"{len(found):,} {what}, {size(sum(each.spare_bytes for each in found))} more" for found, what in groups),
        "Failures: " + (", ".join(f"{each.kind} {each.files:,}" for each in report.failures) or "none"),
        "Missing tags: " + (", ".join(lacking) or "none"),
    ]
