"""The capacity model, its page, and that its constants are those of the code."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from services.capacity.__main__ import main
from services.capacity.costs import Costs
from services.capacity.limits import of_requests, of_tracks
from services.capacity.model import MEMORY_SHARE, NODES_MIN, Demand, Prices, index_cores, mixture, plan
from services.capacity.page import rewritten
from services.settings import Settings
from workers.app import INDEX_SOFT_LIMIT_SECONDS, SCAN_SOFT_LIMIT_SECONDS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "capacity.md"
COSTS = Costs.read()
SIMULATION = json.loads((ROOT / "docs" / "evaluation" / "capacity.json").read_text(encoding="utf-8"))
DEMAND = Demand(10e6, 1000)


def test_the_page_says_what_the_model_says():
    """`python -m services.capacity --page docs/capacity.md` would change nothing."""
    page = PAGE.read_text(encoding="utf-8")

    assert rewritten(page, COSTS, SIMULATION) == page


@pytest.mark.parametrize("name", COSTS.costs)
def test_every_constant_names_what_measured_it(name):
    """A source is a file of the repository, a setting, or the word for tests by others."""
    source = COSTS.costs[name].source

    assert source == "outside" or (ROOT / source).is_file()


def test_constants_are_those_of_the_code():
    """A limit that the code changes is changed in the model."""
    assert COSTS["rebuild_time_limit"] == INDEX_SOFT_LIMIT_SECONDS
    assert COSTS["scan_time_limit"] == SCAN_SOFT_LIMIT_SECONDS
    assert COSTS["expensive_per_minute"] == Settings.model_fields["expensive_rate_limit"].default
    assert COSTS["api_threads"] == Settings.model_fields["api_threads"].default


def test_constants_are_those_of_the_containers():
    """A limit that `deploy/` changes is changed in the model."""
    compose = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    qdrant = compose[compose.index("\n  qdrant:") :]

    assert f"{COSTS['worker_memory_limit'] / 2**30:.0f}g" == re.search(r"WORKER_MEMORY:-(\w+)", compose)[1]
    assert f"{COSTS['index_memory_limit'] / 2**30:.0f}g" == re.search(r"memory: (\w+)", qdrant)[1]


@pytest.mark.parametrize("tracks", [1e6, 10e6, 100e6])
@pytest.mark.parametrize("requests", [1, 1000, 10_000])
def test_the_index_fits_on_its_nodes(tracks, requests):
    """Each node has the memory of its shards and the cores of its queries, and a shard survives the loss of a node."""
    demand = Demand(tracks, requests)
    index = plan(demand, COSTS).parts["index"]

    assert index.machines >= NODES_MIN
    assert index.detail["replicas"] >= 2
    assert index.memory <= index.machines * MEMORY_SHARE * demand.memory
    assert index.cores <= index.machines * demand.cores


def test_more_shards_cost_processor_time():
    """Each query asks every shard, so a request costs more in an index of more shards."""
    mix = mixture(DEMAND, COSTS)

    assert index_cores(DEMAND, COSTS, mix, 8) > 4 * index_cores(DEMAND, COSTS, mix, 1)


def test_the_api_grows_with_the_requests():
    """Ten times the requests need ten times the processor time."""
    small = plan(DEMAND, COSTS).parts["API"].cores
    large = plan(replace(DEMAND, requests=10_000), COSTS).parts["API"].cores

    assert large == pytest.approx(10 * small)


def test_a_shorter_first_analysis_needs_more_workers():
    """The core hours are the same."""
    week, day = plan(DEMAND, COSTS), plan(replace(DEMAND, analysis_days=1), COSTS)

    assert day.analysis_core_hours == week.analysis_core_hours
    assert day.parts["workers"].detail["processes"] > 4 * week.parts["workers"].detail["processes"]


def test_the_first_limit_comes_first():
    """Limits are in the order in which a growing installation reaches them."""
    for found in (of_tracks(DEMAND, COSTS), of_requests(DEMAND, COSTS)):
        reached = [limit.at for limit in found]

        assert reached == sorted(reached)
        assert min(reached) > 0


def test_a_mix_changes_what_a_request_costs():
    """Shares need not add up to one; unknown kinds are refused with the known ones."""
    cheap = plan(replace(DEMAND, mix={"similar": 5}), COSTS)
    dear = plan(replace(DEMAND, mix={"history": 5}), COSTS)

    assert cheap.parts["API"].cores < dear.parts["API"].cores
    with pytest.raises(ValueError, match="known: similar"):
        plan(replace(DEMAND, mix={"songs": 1}), COSTS)


def test_prices_are_inputs():
    """Without prices a plan costs nothing; twice the price of memory is twice the price."""
    made = plan(DEMAND, COSTS)

    assert made.price(Prices(), DEMAND) == 0
    assert made.price(Prices(memory=4), DEMAND) == pytest.approx(2 * made.price(Prices(memory=2), DEMAND))


def test_the_command_says_what_breaks(capsys):
    """It prints the machines, and only limits below the demand."""
    main(["--tracks", "1e8", "--requests", "10000", "--price-core", "10"])
    large = capsys.readouterr().out
    main(["--tracks", "1000", "--requests", "1"])
    small = capsys.readouterr().out

    assert "100 M tracks, 10,000 requests/s" in large
    assert "price: " in large
    assert "this breaks" in large
    assert "this breaks" not in small
    assert "price: " not in small


def test_the_command_refuses_an_unknown_kind():
    """It names the kinds that were measured."""
    with pytest.raises(SystemExit, match="unknown kinds of requests: songs; known: similar, history"):
        main(["--mix", "songs=1"])
