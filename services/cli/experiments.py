"""`segue experiment`: the experiments of this installation, and what came of them.

The commands import their code when they run, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from collections.abc import Iterator
from math import isinf
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.arguments import AsJson

if TYPE_CHECKING:
    from services.domain.experiments import Experiment
    from services.experiments.observations import Metric
    from services.experiments.report import ExperimentReport
    from services.experiments.statistics import Interval

experiment = typer.Typer(help="Compare variants of the ranking on listeners.", no_args_is_help=True)


@experiment.callback()
def _group() -> None:
    """Compare variants of the ranking on listeners. See docs/experiments.md."""


@experiment.command("list")
def list_experiments(*, as_json: AsJson = False) -> None:
    """List the experiments of the file, with their variants, and those that only the recommendation log has."""
    from services.api.schemas.experiments import Experiment, Experiments
    from services.catalog.database import now
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.cli.tables import Column, table_of
    from services.experiments.assignment import Experiments as Assignment
    from services.experiments.file import read_experiments
    from services.settings import load_settings

    moment, settings = now(), load_settings()
    described = Assignment(read_experiments(settings.experiments))
    with open_catalogue(settings) as catalogue:
        known = described.all(catalogue.recommendation_log)
    if as_json:
        found = Experiments(experiments=[Experiment.of(each, moment) for each in known])
        output.print_json(found.model_dump(mode="json"))
    elif not known:
        output.print_message("There are no experiments. SEGUE_EXPERIMENTS names the file that describes them.")
    else:
        columns = [
            Column("experiment", [each.name for each in known]),
            Column("running", ["yes" if each.in_file and each.runs_at(moment) else "no" for each in known]),
            Column("share", [f"{each.share * 100:g} %" if each.in_file else "" for each in known]),
            Column("from", [output.format_time(each.starts) for each in known]),
            Column("until", [output.format_time(each.ends) for each in known]),
            Column("variants", [", ".join(_variants(each)) for each in known], weight=1, wraps=True),
        ]
        output.answers.print(table_of(columns, output.answers.width))


@experiment.command()
def report(
    name: Annotated[str, typer.Argument(help="Name of the experiment.", show_default=False)], *, as_json: AsJson = False
) -> None:
    """Show the metrics of each variant, and their differences to the first one, with 95 % intervals by listener.

    "At the end" holds for one look, when the experiment has ended. "Any day" holds however often you look.
    """
    from services.api.schemas.experiments import ExperimentResults
    from services.catalog.database import now
    from services.cli import output
    from services.cli.catalogue import open_catalogue
    from services.experiments.assignment import Experiments
    from services.experiments.file import read_experiments
    from services.experiments.report import report_on
    from services.settings import load_settings

    settings = load_settings()
    described = Experiments(read_experiments(settings.experiments))
    with open_catalogue(settings) as catalogue:
        results = report_on(catalogue, described.named(name, catalogue.recommendation_log))
    if as_json:
        output.print_json(ExperimentResults.of(results, now()).model_dump(mode="json"))
    else:
        print_report(results)


def print_report(results: "ExperimentReport") -> None:
    """Print the results of an experiment."""
    from services.cli import output
    from services.cli.tables import Column, table_of

    for each, options in zip(results.variants, _variants(results.experiment), strict=True):
        people = "listener" if each.listeners == 1 else "listeners"
        output.print_lines(
            f"{options}: {each.listeners:,} {people}, {each.answers:,} answers, {each.listens:,} listens, "
            f"{each.tracks:,} different tracks"
        )
    rows = [
        (metric, each.variant.name, each.metrics[metric])
        for metric in (results.variants[0].metrics if results.variants else ())
        for each in results.variants
        if metric in each.metrics
    ]
    if rows:
        compared = [(metric, measured.compared) for metric, _, measured in rows]
        starts = [number == 0 or rows[number - 1][0] != metric for number, (metric, _, _) in enumerate(rows)]
        columns = [
            Column("metric", [_words(row[0]) if start else "" for row, start in zip(rows, starts, strict=True)]),
            Column("variant", [variant for _, variant, _ in rows], weight=1),
            Column("value", [_value(metric, measured.value.mean) for metric, _, measured in rows]),
            Column("difference", [_difference(m, c.fixed.mean) if c else "" for m, c in compared]),
            Column("at the end", [_limits(m, c.fixed) if c else "" for m, c in compared]),
            Column("any day", [_limits(m, c.sequence) if c else "" for m, c in compared]),
        ]
        output.answers.print(table_of(columns, output.answers.width))
        output.print_lines("The last two columns are 95 % intervals of the difference. pp: percentage points.")
    output.print_lines(*_conclusions(results), *(f"Careful: {warning}" for warning in results.warnings))


def _conclusions(results: "ExperimentReport") -> Iterator[str]:
    """Yield in words which differences are decided."""
    first, *others = (each.variant.name for each in results.variants)
    decided = False
    for name, each in zip(others, results.variants[1:], strict=True):
        for metric, measured in each.metrics.items():
            if measured.compared is not None and measured.compared.sequence.excludes_zero:
                word, decided = "higher" if measured.compared.sequence.mean > 0 else "lower", True
                yield f"Decided: {_words(metric)} is {word} with '{name}' than with '{first}'."
    if not decided:
        yield "Nothing is decided yet: every difference may be chance."


def _variants(experiment: "Experiment") -> list[str]:
    """Return the variants with their options."""
    return [
        " ".join([variant.name, *(f"{name}={value:g}" for name, value in variant.tuning.changes().items())])
        for variant in experiment.variants
    ]


def _words(metric: "Metric") -> str:
    return metric.replace("_", " ")


def _value(metric: "Metric", value: float) -> str:
    """Return a value with its unit: minutes, or percent."""
    return f"{value:.1f} min" if metric == "session_minutes" else f"{value * 100:.1f} %"


def _difference(metric: "Metric", value: float) -> str:
    """Return a difference with its unit: minutes, or percentage points."""
    return f"{value:+.1f} min" if metric == "session_minutes" else f"{value * 100:+.1f} pp"


def _limits(metric: "Metric", interval: "Interval") -> str:
    """Return the limits of a difference in the same unit."""
    factor = 1 if metric == "session_minutes" else 100
    limits = f"{interval.low * factor:+.1f} to {interval.high * factor:+.1f}"
    return "unknown" if isinf(interval.low) else limits
