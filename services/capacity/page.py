"""The tables of `docs/capacity.md`: answers, limits, costs, and the simulation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.capacity.costs import Costs
from services.capacity.limits import Limit, of_requests, of_tracks
from services.capacity.model import Demand, Plan, plan

SIZES = (1e6, 10e6, 100e6)
RATES = (100.0, 1_000.0, 10_000.0)
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MEGA = 1e6
UNITS = {"TB": 1e12, "GB": 1e9, "MB": MEGA, "kB": 1e3}


def rewritten(page: str, costs: Costs, simulation: Mapping[str, Any]) -> str:
    """Return a page whose tables say what the model says.

    Raises:
        KeyError: the page has a block that the model has no table for.
    """
    demand = Demand(1, 1)
    tables = {
        "sizes": sizes(demand, costs),
        "tracks": limits(of_tracks(demand, costs), "tracks"),
        "requests": limits(of_requests(demand, costs), "requests a second"),
        "kinds": kinds(costs),
        "costs": constants(costs),
        "load": loads(simulation["load"]),
        "loss": losses(simulation["loss"]),
        "check": checked(simulation["rows"]),
    }
    return BLOCK.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n{found[3]}", page)


def sizes(demand: Demand, costs: Costs) -> str:
    """Return the installation for each size and rate."""
    rows = []
    for tracks in SIZES:
        for rate in RATES:
            made = plan(replace(demand, tracks=tracks, requests=rate), costs)
            rows.append([short(tracks), f"{rate:,.0f}", *_row(made)])
    head = "tracks", "requests/s", "API", "PostgreSQL", "index", "workers", "machines", "memory", "disk", "to clients"
    return table(head, rows)


def _row(made: Plan) -> list[str]:
    api, database, index = made.parts["API"], made.parts["database"], made.parts["index"]
    workers, total = made.parts["workers"], made.total
    return [
        f"{api.machines} × ({api.detail['processes']:.0f} processes)",
        f"{database.cores:.0f} cores, {size(database.disk)}",
        f"{index.machines} nodes: {index.detail['shards']:.0f} shards × {index.detail['replicas']:.0f}",
        f"{workers.machines} ({workers.detail['processes']:.0f} processes)",
        f"{total.machines}",
        size(total.memory),
        size(total.disk),
        f"{made.client_bits / MEGA:,.0f} Mbit/s",
    ]


def limits(found: Sequence[Limit], unit: str) -> str:
    """Return what breaks first."""
    rows = [[short(limit.at), limit.part, limit.happens, limit.change] for limit in found]
    return table((unit, "part", "what happens", "what to change"), rows)


def kinds(costs: Costs) -> str:
    """Return the costs of each kind of request."""
    rows = [
        [
            request.name,
            f"{request.share:.0%}",
            f"{request.api_ms:.1f}",
            f"{request.database_ms:.1f}",
            f"{request.queries}{' with filters' if request.filtered else ''}",
            *(size(amount) for amount in (request.bytes_in, request.bytes_out, request.database_bytes)),
        ]
        for request in costs.requests.values()
    ]
    head = "request", "share", "API, ms", "database, ms", "index queries", "in", "out", "from the database"
    return table(head, rows)


def constants(costs: Costs) -> str:
    """Return every constant with its source."""
    return table(
        ("value", "of", "source"),
        [[f"{cost.value:,.6g}", cost.unit, f"`{cost.source}`"] for cost in costs.costs.values()],
    )


def loads(rows: Sequence[Mapping[str, float]]) -> str:
    """Return how long requests take at each load, as multiples of their processor time."""
    names = "p50_1", "p95_1", "p50_16", "p95_16"
    head = "busy", "1 process: median", "95 % within", "16 processes: median", "95 % within"
    return table(head, [[f"{row['load']:.0%}", *(f"{row[name]:.1f} ×" for name in names)] for row in rows])


def losses(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what clients see when a node of the index is lost."""
    found = [
        [
            f"{row['nodes']}",
            f"{row['load']:.0%}",
            "freezes" if row["frozen"] else "dies",
            *(f"{row[name]:,.0f} ms" for name in ("before", "after", "slowest")),
            f"{row['failed']:,}",
        ]
        for row in rows
    ]
    return table(("nodes", "busy before", "one", "p95 before", "p95 after", "slowest", "failed"), found)


def checked(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what the simulation predicted, and what was measured."""
    found = [
        [
            row["what"],
            *(f"{float(f'{row[name]:.3g}'):,g}" for name in ("predicted", "measured")),
            f"{row['predicted'] / row['measured'] - 1:+.0%}",
        ]
        for row in rows
    ]
    return table(("what", "predicted", "measured", "error"), found)


def short(number: float) -> str:
    """Return a number with two digits: 5.1, 510,000, 1.2 M."""
    return f"{float(f'{number / MEGA:.2g}'):,g} M" if number >= MEGA else f"{float(f'{number:.2g}'):,g}"


def size(amount: float) -> str:
    """Return bytes as an operator says them."""
    for unit, factor in UNITS.items():
        if amount >= factor:
            return f"{amount / factor:.3g} {unit}"
    return f"{amount:.0f} B"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))
