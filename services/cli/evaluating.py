"""`segue evaluate` and `segue replay`: whether recommendations work for one's own listeners, and what options change.

Each command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.arguments import AsJson, path, time_option

if TYPE_CHECKING:
    from services.evaluation.own_report import OwnReport
    from services.evaluation.replay_report import ReplayReport
    from services.experiments.statistics import Interval

ARMS = 2
"""Sets of options that a replay compares."""

LISTENERS_DEFAULT = 50
"""Of more listeners, as many are drawn: a period of one takes a few tenths of a second in a library of 100,000."""

TOLD_EVERY = 50
"""Periods, or answers, between two messages."""

ANSWERS_DEFAULT = 500
"""Of more logged answers, as many are drawn: each is asked twice, in about a tenth of a second."""


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
    from services.cli import output
    from services.cli.searching import open_search
    from services.evaluation.own_report import evaluate as run
    from services.settings import load_settings

    if not listens:
        raise typer.BadParameter("Say what to evaluate on: --listens.")

    settings = load_settings()
    with open_search(settings) as (catalogue, index):
        found = run(catalogue, index, settings.half_life_days, names=user, at_most=at_most, tell=_tell)
    if as_json:
        output.print_json(_as_json(found))
    else:
        print_report(found)


def replay(
    *,
    options: Annotated[
        list[Path],
        typer.Option(parser=path, help="JSON file with options of the ranking; give one or two.", metavar="FILE"),
    ],
    since: Annotated[datetime | None, time_option("Only answers of this time in UTC or later.")] = None,
    at_most: Annotated[
        int, typer.Option(min=1, help="If there are more answers, as many are drawn at random, always the same.")
    ] = ANSWERS_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Ask logged questions again with other options, and print what would have changed. See docs/evaluate.md.

    One file is compared with the options that the answers had, two are compared with each other.
    """
    from services.cli import output
    from services.cli.searching import open_search
    from services.composition import word_reader
    from services.evaluation.replay import Options, Replayer, sample
    from services.evaluation.replay_report import report
    from services.settings import load_settings

    if len(options) > ARMS:
        raise typer.BadParameter("Give one or two files with --options.")
    read = [Options.read(file) for file in options]
    *others, last = read
    arms = (others[0] if others else Options("as logged", {}), last)
    settings = load_settings()
    with open_search(settings) as (catalogue, index):
        replayer = Replayer(catalogue, index, word_reader(catalogue), settings.half_life_days)
        logged = catalogue.recommendation_log.outcomes(since=since and since.replace(tzinfo=UTC))
        found = report(catalogue, replayer.replay(sample(logged, at_most), arms, _tell), arms)
    if as_json:
        output.print_json(_replay_as_json(found))
    else:
        print_replay(found)


def _tell(done: int, of: int) -> None:
    from services.cli import output

    if done % TOLD_EVERY == 0:
        output.print_message(f"{done} of {of}")


def print_replay(found: "ReplayReport") -> None:
    """Print what a replay found."""
    from services.cli import output
    from services.cli.tables import Column, table_of
    from services.evaluation.replay_report import conclusion

    output.print_lines(conclusion(found))
    if found.changed:
        output.print_lines(
            f"Rank-biased overlap: {found.rank_biased_overlap:.2f} (1: the same tracks in the same order)"
        )
        rows = found.measures
        columns = [
            Column("measure", list(rows)),
            Column(found.arms[0], [f"{each.first:.3f}" for each in rows.values()], weight=1),
            Column(found.arms[1], [f"{each.other:.3f}" for each in rows.values()], weight=1),
            Column("change", [_interval(each.lead) for each in rows.values()]),
        ]
        output.answers.print(table_of(columns, output.answers.width))
        output.print_lines(f"Changes have 95 % intervals by listener, of {found.units} listeners or sessions.")
        output.print_lines(*found.silent)
    if found.reproduced is not None:
        output.print_lines(
            f"Asked again as they were, the answers have {100 * found.reproduced:.1f} % of the logged tracks."
        )
    output.print_lines(*(f"Not asked again: {count}. {reason}" for reason, count in found.left_out.items()))


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
        output.print_lines(f"Leads of Segue in NDCG have {100 * report.level:.0f} % intervals {whom}.")
    output.print_lines(conclusion(report))


def _as_json(report: "OwnReport") -> dict[str, Any]:
    from services.evaluation.own_report import conclusion

    return {
        "tracks": report.tracks,
        "listeners": report.listeners,
        "periods": report.periods,
        "level": report.level,
        "intervals_by": "listener" if report.by_listener else "period",
        "methods": [{**_plain(each), "segue_is": each.verdict} for each in report.methods],
        "conclusion": conclusion(report),
    }


def _replay_as_json(found: "ReplayReport") -> dict[str, Any]:
    from services.evaluation.replay_report import conclusion

    return {**_plain(found), "conclusion": conclusion(found)}


def _plain(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return a result as JSON has it. An estimate has a value and limits, as in the HTTP API."""
    from services.api.schemas.intervals import Limits
    from services.experiments.statistics import Interval

    match value:
        case Interval():
            limits = Limits.of(value)
            return {"value": value.mean, "limits": None if limits is None else limits.model_dump()}
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)} if is_dataclass(value) else value


def _interval(lead: "Interval") -> str:
    if not isfinite(lead.high - lead.low):
        return f"{lead.mean:+.3f}"
    return f"{lead.mean:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})"
