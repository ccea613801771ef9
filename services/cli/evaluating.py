"""`segue evaluate`: whether recommendations work for one's own listeners.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.arguments import AsJson

if TYPE_CHECKING:
    from services.evaluation.own_report import OwnReport
    from services.experiments.statistics import Interval

LISTENERS_DEFAULT = 50
"""Of more listeners, as many are drawn: a period of one takes a few tenths of a second in a library of 100,000."""

TOLD_EVERY = 50
"""Periods between two messages."""


def evaluate(
    *,
    listens: Annotated[
        bool, typer.Option("--listens", help="Hold out the last plays of each listener, and look for them in answers.")
    ] = False,
    user: Annotated[
        list[str] | None, typer.Option(help="Only this listener; can be repeated.", show_default="all")
    ] = None,
    at_most: Annotated[
        int, typer.Option(min=1, help="If there are more listeners, as many are drawn at random, always the same.")
    ] = LISTENERS_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Compare Segue with simple methods on what your listeners played. See docs/evaluate.md."""
    from contextlib import ExitStack

    from services.cli import output
    from services.cli.maintenance import open_catalogue
    from services.cli.mixes import search_index
    from services.evaluation.own_report import evaluate as run
    from services.settings import load_settings

    if not listens:
        raise typer.BadParameter("Say what to evaluate on: --listens.")

    def tell(done: int, of: int) -> None:
        if done % TOLD_EVERY == 0:
            output.print_message(f"{done} of {of} periods")

    settings = load_settings()
    with ExitStack() as stack:
        catalogue = stack.enter_context(open_catalogue(settings))
        catalogue.spaces.pin()
        index = search_index(settings, catalogue, stack)
        found = run(catalogue, index, settings.half_life_days, names=user, at_most=at_most, tell=tell)
    if as_json:
        output.print_json(_as_json(found))
    else:
        print_report(found)


def print_report(report: "OwnReport") -> None:
    """Print the figures and what they say."""
    from services.cli import output
    from services.cli.tables import Column, table_of
    from services.evaluation.own_listeners import WANTED
    from services.evaluation.own_methods import DEPTH
    from services.evaluation.own_report import conclusion

    output.print_lines(
        f"{report.periods} periods of {report.listeners} listeners in a library of {report.tracks:,} tracks. In each, "
        f"the listener played {WANTED} tracks for the first time; a method is good if they are among its {DEPTH}."
    )
    if report.methods:
        columns = [
            Column("method", [each.name for each in report.methods]),
            Column("found", [f"{each.found:.2f}" for each in report.methods]),
            Column("NDCG", [f"{each.ndcg:.3f}" for each in report.methods]),
            Column("diversity", [f"{each.diversity:.2f}" for each in report.methods]),
            Column("lead", ["" if each.lead is None else _interval(each.lead) for each in report.methods]),
            Column("Segue is", [each.verdict or "" for each in report.methods]),
        ]
        output.answers.print(table_of(columns, output.answers.width))
        whom = "by listener" if report.by_listener else "by period: they hold for these listeners only"
        output.print_lines(f"Leads of Segue in NDCG have {report.level:.0%} intervals {whom}.")
    output.print_lines(conclusion(report))


def _as_json(report: "OwnReport") -> dict[str, Any]:
    from services.evaluation.own_report import conclusion

    return {
        "tracks": report.tracks,
        "listeners": report.listeners,
        "periods": report.periods,
        "level": report.level,
        "intervals_by": "listener" if report.by_listener else "period",
        "methods": [{**asdict(each), "segue_is": each.verdict} for each in report.methods],
        "conclusion": conclusion(report),
    }


def _interval(lead: "Interval") -> str:
    return f"{lead.mean:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})"
