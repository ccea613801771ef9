"""Responses about experiments."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.api.schemas.intervals import Limits
from services.api.schemas.tracks import Response
from services.domain import experiments as domain
from services.experiments.observations import Metric
from services.experiments.report import Comparison, ExperimentReport, Measured, VariantResult

Options = Annotated[
    dict[str, float], Field(description="Options of the ranking that differ from their defaults, by name.")
]


class ExperimentVariant(Response):
    """A variant of an experiment."""

    name: str
    weight: float = Field(description="Its share of the listeners, relative to the other variants.")
    options: Options

    @classmethod
    def of(cls, variant: domain.Variant) -> Self:
        """Return the response for a variant."""
        return cls(name=variant.name, weight=variant.weight, options=variant.tuning.changes())


class Experiment(Response):
    """An experiment as the file describes it."""

    name: str
    share: float = Field(description="Share of the listeners that take part, 0 to 1.")
    starts: datetime | None = Field(description="When listeners are assigned from. Null: always.")
    ends: datetime | None = Field(description="When listeners are assigned until. Null: without an end.")
    running: bool = Field(description="Whether listeners are assigned now.")
    in_file: bool = Field(
        description="Whether the file describes it. If not, it is one of the recommendation log: the variants are in "
        "the order of their names, and their options and weights are unknown."
    )
    variants: list[ExperimentVariant] = Field(description="The first is the one that the others are compared with.")

    @classmethod
    def of(cls, experiment: domain.Experiment, moment: datetime) -> Self:
        """Return the response for an experiment at a time."""
        return cls(
            name=experiment.name,
            share=experiment.share,
            starts=experiment.starts,
            ends=experiment.ends,
            running=experiment.in_file and experiment.runs_at(moment),
            in_file=experiment.in_file,
            variants=[ExperimentVariant.of(variant) for variant in experiment.variants],
        )


class Experiments(Response):
    """The experiments of the file, in its order."""

    experiments: list[Experiment]


class MetricDifference(Response):
    """How much larger a metric is than that of the first variant."""

    value: float
    limits: Limits | None = Field(description="For one look at the end. Null with fewer than 10 listeners.")
    daily_limits: Limits | None = Field(
        description="For any number of looks: an always-valid confidence sequence. Null with fewer than 10 listeners."
    )
    decided: bool = Field(description="Whether zero is outside of `daily_limits`.")
    listeners_needed: int | None = Field(
        description="Listeners that each variant needs to find a difference of 10 % of the first variant's value in 4 "
        "of 5 experiments. Null if unknown."
    )

    @classmethod
    def of(cls, compared: Comparison) -> Self:
        """Return the response for a comparison."""
        return cls(
            value=compared.fixed.mean,
            limits=Limits.of(compared.fixed),
            daily_limits=Limits.of(compared.sequence),
            decided=compared.sequence.excludes_zero,
            listeners_needed=compared.needed,
        )


class MetricResult(Response):
    """A metric of a variant."""

    metric: Metric = Field(
        description="`skip_rate`: skips per listen. `completion`: mean played share of a track. `likes`: likes per "
        "listen. `session_minutes`: minutes of recommended music in a session. `coverage`: share of the catalogue that "
        "was recommended to a listener. `new_artists`: share of the recommended tracks whose artist the listener had "
        "not heard before."
    )
    value: float
    limits: Limits | None = Field(description="Null with one listener.")
    listeners: int = Field(description="Listeners of whom the metric is known.")
    difference: MetricDifference | None = Field(description="To the first variant. Null for the first one.")

    @classmethod
    def of(cls, metric: Metric, measured: Measured) -> Self:
        """Return the response for a metric."""
        return cls(
            metric=metric,
            value=measured.value.mean,
            limits=Limits.of(measured.value),
            listeners=measured.listeners,
            difference=None if measured.compared is None else MetricDifference.of(measured.compared),
        )


class VariantResults(Response):
    """What was observed of a variant."""

    variant: ExperimentVariant
    listeners: int
    answers: int
    listens: int = Field(description="Plays and skips that followed a recommendation.")
    tracks: int = Field(description="Different tracks that were recommended.")
    metrics: list[MetricResult] = Field(description="Metrics without data are left out.")

    @classmethod
    def of(cls, result: VariantResult) -> Self:
        """Return the response for the results of a variant."""
        return cls(
            variant=ExperimentVariant.of(result.variant),
            listeners=result.listeners,
            answers=result.answers,
            listens=result.listens,
            tracks=result.tracks,
            metrics=[MetricResult.of(metric, measured) for metric, measured in result.metrics.items()],
        )


class ExperimentResults(Response):
    """The results of an experiment so far."""

    experiment: Experiment
    variants: list[VariantResults]
    warnings: list[str] = Field(description="What to be careful about.")

    @classmethod
    def of(cls, report: ExperimentReport, moment: datetime) -> Self:
        """Return the response for a report at a time."""
        return cls(
            experiment=Experiment.of(report.experiment, moment),
            variants=[VariantResults.of(result) for result in report.variants],
            warnings=list(report.warnings),
        )
