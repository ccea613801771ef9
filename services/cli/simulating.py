"""`segue demo-listeners`: simulated listeners, so that notebooks and reports have something to show.

The command imports its code when it runs, as in `services.cli.main`.
"""

# ruff: noqa: PLC0415  see above

from typing import Annotated

import typer

from services.cli.arguments import AsJson


def demo_listeners(
    *,
    listeners: Annotated[int, typer.Option(min=1, max=99, help="Number of simulated listeners.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same listeners.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Add simulated listeners with eight weeks of listens, to try notebooks, experiments and `segue replay`.

    Their names are simulated-01, simulated-02 and so on. `segue forget NAME` removes one.
    """
    from services.catalog.database import now
    from services.cli import output
    from services.cli.searching import open_search
    from services.evaluation.demo_listeners import simulate
    from services.settings import load_settings

    settings = load_settings()
    with open_search(settings) as (catalogue, index):
        listens = simulate(
            catalogue,
            index,
            now(),
            settings.half_life_days,
            seed=seed,
            listeners=listeners,
            tell=output.print_message,
        )
    if as_json:
        output.print_json({"listens": listens})
    else:
        output.print_message(f"Added {listens:,} simulated listens.")
