"""The experiments of this service, and the variant of each listener."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog.database import now as current_time
from services.catalog.recommendation_log import RecommendationLog
from services.domain.errors import NotFound
from services.domain.experiments import Assigned, Experiment, assign


class ExperimentNotFound(NotFound):
    """Neither the file of experiments nor the recommendation log has one of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        names = f"There are: {', '.join(known)}." if known else "SEGUE_EXPERIMENTS names their file."
        super().__init__(f"There is no experiment '{name}'. {names}")


class Experiments:
    """Assigns listeners to the variants of the experiments that run."""

    def __init__(self, known: Sequence[Experiment] = (), clock: Callable[[], datetime] = current_time) -> None:
        self.known = tuple(known)
        self._clock = clock

    def of(self, unit: str | None) -> Assigned | None:
        """Return the variant of a listener or of a session; None if it takes part in no experiment.

        It takes part in one experiment at a time: the first of the file that has a variant for it.
        """
        if unit is None or not self.known:
            return None
        now = self._clock()
        for experiment in self.known:
            if experiment.runs_at(now) and (variant := assign(experiment, unit)) is not None:
                return Assigned(experiment.name, variant)
        return None

    def all(self, log: RecommendationLog) -> tuple[Experiment, ...]:
        """Return the experiments of the file in its order, then those that only the recommendation log has."""
        names = {each.name for each in self.known}
        return (*self.known, *(each for each in log.experiments() if each.name not in names))

    def named(self, name: str, log: RecommendationLog) -> Experiment:
        """Return an experiment of the file or of the recommendation log.

        Raises:
            ExperimentNotFound: neither of them has it.
        """
        found = self.all(log)
        if (experiment := next((each for each in found if each.name == name), None)) is None:
            raise ExperimentNotFound(name, [each.name for each in found])
        return experiment
