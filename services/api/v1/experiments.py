"""Experiments and their results, as in `segue experiment`."""

from http import HTTPStatus

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.experiments import Experiment, ExperimentResults, Experiments
from services.api.security.permissions import needs
from services.catalog.database import now
from services.domain.access import Scope
from services.experiments.report import report_on

experiments = Blueprint("experiments", __name__, url_prefix="/v1/experiments")


@experiments.get("")
@operation("listExperiments", "List the experiments", returns=Experiments)
@needs(Scope.ADMIN)
def list_experiments() -> Experiments:
    """Get the experiments of `SEGUE_EXPERIMENTS` with their variants, in the order of the file.

    Experiments that are only in the recommendation log follow: the file no longer describes them.
    """
    moment, found = now(), services().experiments.all(services().catalogue.recommendation_log)
    return Experiments(experiments=[Experiment.of(each, moment) for each in found])


@experiments.get("/<experiment>")
@operation(
    "getExperiment",
    "Get the results of an experiment",
    returns=ExperimentResults,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN, expensive=True)
def get_experiment(experiment: str) -> ExperimentResults:
    """Get the metrics of each variant, and their differences to the first variant.

    The intervals are by listener. `limits` hold for one look at the end; `daily_limits` hold however often you look.
    Metrics are measured on the recommendation log, so answers that it no longer keeps do not count.
    """
    catalogue = services().catalogue
    found = services().experiments.named(experiment, catalogue.recommendation_log)
    return ExperimentResults.of(report_on(catalogue, found), now())
