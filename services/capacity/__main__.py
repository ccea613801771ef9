"""`python -m services.capacity`: the machines for a library and its requests, and what breaks first."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from services.capacity import limits
from services.capacity.costs import DEFAULT, Costs
from services.capacity.model import Demand, Plan, Prices, plan
from services.capacity.page import rewritten, short, size

SIMULATION = Path("docs/evaluation/capacity.json")
"""Written by `tests/perf/bench_simulation.py`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = _parser().parse_args(arguments)
    costs = Costs.read(options.costs)
    if options.page is not None:
        simulation = json.loads(SIMULATION.read_text(encoding="utf-8"))
        options.page.write_text(
            rewritten(options.page.read_text(encoding="utf-8"), costs, simulation), encoding="utf-8"
        )
        return
    demand = Demand(
        tracks=options.tracks,
        requests=options.requests,
        mix=options.mix,
        analysis_days=options.analysis_days,
        cores=options.cores,
        memory=options.memory_gb * 1e9,
        utilisation=options.utilisation,
    )
    prices = Prices(options.price_core, options.price_memory, options.price_disk, options.price_traffic)
    try:
        made = plan(demand, costs)
    except ValueError as error:
        sys.exit(f"python -m services.capacity: {error}")
    sys.stdout.write("\n".join([*_lines(demand, made), *_priced(demand, made, prices), *_breaking(demand, costs), ""]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.capacity", description=__doc__)
    parser.add_argument("--tracks", type=float, default=1e6, help="default: %(default).0f")
    parser.add_argument(
        "--requests", type=float, default=100, help="a second at the busiest time; default: %(default)s"
    )
    parser.add_argument("--mix", type=_mix, help="shares of the kinds of requests, as in similar=1,history=2")
    parser.add_argument("--analysis-days", type=float, default=7, help="of the first analysis; default: %(default)s")
    parser.add_argument("--cores", type=int, default=16, help="of a machine; default: %(default)s")
    parser.add_argument("--memory-gb", type=float, default=64, help="of a machine; default: %(default)s")
    parser.add_argument("--utilisation", type=float, default=0.6, help="of the processors; default: %(default)s")
    parser.add_argument("--costs", type=Path, default=DEFAULT, help="a file of costs, by default Segue's own")
    parser.add_argument("--page", type=Path, help="write the tables of this page instead")
    prices = parser.add_argument_group("prices of a month; without them no price is printed")
    prices.add_argument("--price-core", type=float, default=0, help="of a core")
    prices.add_argument("--price-memory", type=float, default=0, help="of a gigabyte of memory")
    prices.add_argument("--price-disk", type=float, default=0, help="of a gigabyte of disk")
    prices.add_argument("--price-traffic", type=float, default=0, help="of a gigabyte that is sent to clients")
    return parser


def _mix(given: str) -> dict[str, float]:
    return {name: float(share) for name, _, share in (each.partition("=") for each in given.split(","))}


def _lines(demand: Demand, made: Plan) -> list[str]:
    rows = [f"{short(demand.tracks)} tracks, {demand.requests:,.0f} requests/s", ""]
    for name, part in made.parts.items():
        detail = ", ".join(f"{value:,.0f} {key}" for key, value in part.detail.items())
        disk = f", {size(part.disk)} of disk" if part.disk else ""
        rows.append(
            f"{name:<9} {part.machines:>4} machines, {part.cores:,.0f} cores, {size(part.memory)} of memory{disk}"
            + (f" ({detail})" if detail else "")
        )
    total = made.total
    return [
        *rows,
        f"{'together':<9} {total.machines:>4} machines, {size(total.memory)} of memory, {size(total.disk)} of disk",
        f"network: {made.client_bits / 1e6:,.0f} Mbit/s with clients, {made.inner_bits / 1e6:,.0f} from the database",
        f"first analysis: {made.analysis_core_hours:,.0f} core hours",
        f"rebuild of the index: {made.rebuild_hours:,.1f} hours",
    ]


def _priced(demand: Demand, made: Plan, prices: Prices) -> list[str]:
    price = made.price(prices, demand)
    return [f"price: {price:,.0f} a month, without the workers"] if price else []


def _breaking(demand: Demand, costs: Costs) -> list[str]:
    found = [(limit, "tracks") for limit in limits.of_tracks(demand, costs) if limit.at < demand.tracks] + [
        (limit, "requests/s") for limit in limits.of_requests(demand, costs) if limit.at < demand.requests
    ]
    if not found:
        return []
    return ["", "on the way there, this breaks:"] + [
        f"- at {short(limit.at)} {unit}, {limit.part}: {limit.happens} {limit.change}" for limit, unit in found
    ]


if __name__ == "__main__":
    main()
