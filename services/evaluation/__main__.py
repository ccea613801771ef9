"""`python -m services.evaluation`: compares the recommender with baselines on simulated listeners."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.evaluation import trials
from services.evaluation.material import Material, library, listeners, read
from services.evaluation.report import INFORMED, MEAN, SEGUE, Report, page

DEFAULT_MATERIAL = Path("docs/evaluation/validation.npz")
DEFAULT_PAGE = Path("docs/evaluation/recommendations.md")
COUNT = 300
"""Listeners of each kind."""

RESTARTED = 20
"""Listeners whose answers are compared after a restart."""


def evaluate(material: Material, folder: Path, count: int) -> Report:
    """Run every trial.

    Args:
        material: The tracks.
        folder: An empty folder for the catalogue and the index.
        count: Number of listeners of each kind.
    """
    restarted = list(listeners(material, 2, RESTARTED))
    with library(material, folder) as (catalogue, index):
        segue = trials.segue(material, catalogue, index)
        compared = {
            "random": trials.random(material),
            MEAN: trials.mean(material),
            "best score": trials.best_score(material),
            "log-sum-exp + MMR": trials.log_sum_exp(material),
            INFORMED: trials.informed(material),
            SEGUE: segue,
        }
        before_restart = trials.answers(segue, restarted)
        qualities = {interests: trials.qualities(material, compared, interests, count) for interests in (1, 2, 3)}
        skips = {interests: trials.skips(material, segue, interests, count) for interests in (2, 3)}
        dismissals = {number: trials.dismissals(material, catalogue, index, number, count) for number in (2, 3)}
        recency = trials.recency(material, catalogue, index, count)
        spreads = {name: trials.spread(material, compared[name], count) for name in (MEAN, SEGUE)}
    with library(material, folder) as (catalogue, index):
        after_restart = trials.answers(trials.segue(material, catalogue, index), restarted)
    return Report(
        tracks=len(material),
        model_version=material.model_version,
        listeners=count,
        methods=tuple(compared),
        qualities=qualities,
        skips=skips,
        dismissals=dismissals,
        recency=recency,
        spreads=spreads,
        same_after_restart=before_restart == after_restart,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m services.evaluation", description=__doc__)
    parser.add_argument("--material", type=Path, default=DEFAULT_MATERIAL, help="default: %(default)s")
    parser.add_argument("--to", type=Path, default=DEFAULT_PAGE, help="default: %(default)s")
    parser.add_argument("--listeners", type=int, default=COUNT, help="of each kind; default: %(default)s")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = evaluate(read(options.material), Path(folder), options.listeners)
    options.to.write_text(page(found), encoding="utf-8")
    sys.stdout.write(page(found))


if __name__ == "__main__":
    main()
