"""`segue compare`: what people preferred in blind comparisons. It reads the catalogue itself, as `segue keys` does."""

# ruff: noqa: PLC0415  a command imports its code when it runs

import typer

from services.cli.arguments import AsJson

compare = typer.Typer(help="Show what people preferred in blind comparisons.", no_args_is_help=True)


@compare.callback()
def _group() -> None:
    """Show what people preferred in blind comparisons; the page asks the questions at `#/compare`."""


@compare.command()
def report(*, as_json: AsJson = False) -> None:
    """Show how often people preferred what Segue finds to a baseline, with a 95 % interval."""
    from services.api.schemas.comparisons import ComparisonReport, Preference
    from services.cli import listings, output
    from services.cli.catalogue import open_catalogue
    from services.experiments.preferences import preference
    from services.settings import load_settings

    with open_catalogue(load_settings()) as catalogue:
        found = [preference(*each) for each in catalogue.comparisons.tallies().items()]
    if as_json:
        output.print_json(ComparisonReport(contests=list(map(Preference.of, found))).model_dump(mode="json"))
    else:
        listings.print_preferences(found)
