"""Blind comparisons and their answers."""

import uuid
from collections import defaultdict
from datetime import timedelta

from sqlalchemy import case, delete, func, select, update

from services.catalog.database import Database, now
from services.catalog.libraries import as_member
from services.catalog.tables import ComparisonRow
from services.catalog.track_names import canonical_id
from services.domain.comparison import Baseline, Choice, Comparison, Contest, Pair, Preferred, Tally
from services.domain.errors import NotFound

ANSWER_WITHIN = timedelta(days=1)
"""A comparison without an answer is deleted after this time."""

_ROW = ComparisonRow


class ComparisonNotFound(NotFound):
    """The listener has no comparison with this id, or did not answer it within a day."""

    def __init__(self, comparison_id: str) -> None:
        super().__init__(f"This listener has no comparison with the id '{comparison_id}'. Ask for another pair.")


class ComparisonStore:
    """Stores comparisons, each with where its tracks come from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, listener: str, pair: Pair) -> Comparison:
        """Store a pair that a listener is asked about. Old ones without an answer are deleted."""
        made = Comparison(id=str(uuid.uuid4()), listener=listener, pair=pair, shown_at=now())
        with as_member(self._database, listener), self._database.write() as session:
            session.execute(delete(_ROW).where(_ROW.preferred.is_(None), _ROW.shown_at < made.shown_at - ANSWER_WITHIN))
            session.add(
                _ROW(
                    id=made.id,
                    listener=listener,
                    track_id=pair.track_id,
                    segue_id=pair.segue_id,
                    baseline_id=pair.baseline_id,
                    baseline=pair.baseline,
                    segue_first=pair.segue_first,
                    model_version=pair.model_version,
                    other_version=pair.other_version,
                    shown_at=made.shown_at,
                )
            )
        return made

    def answer(self, listener: str, comparison_id: str, choice: Choice) -> Comparison:
        """Store which track fits better, and return the comparison. The first answer counts: names are shown after it.

        Raises:
            ComparisonNotFound: the listener has none with this id.
        """
        own = _ROW.id == canonical_id(comparison_id), _ROW.listener == listener
        with self._database.write() as session:
            row = session.scalars(select(_ROW).where(*own)).first()
            if row is None:
                raise ComparisonNotFound(comparison_id)
            values = {"preferred": _comparison(row).pair.preferred(choice), "answered_at": now()}
            session.execute(update(_ROW).where(*own, _ROW.preferred.is_(None)).values(values))
            session.refresh(row)
            return _comparison(row)

    def count(self, listener: str) -> int:
        """Return the number of answers of a listener."""
        answered = select(func.count()).where(_ROW.listener == listener, _ROW.preferred.is_not(None))
        with self._database.read() as session:
            return session.scalar(answered) or 0

    def tallies(self) -> dict[Contest, list[Tally]]:
        """Return the answers of each listener in each contest."""
        what = (_ROW.baseline, _ROW.model_version, _ROW.other_version)
        counts = (func.sum(case((_ROW.preferred == each, 1), else_=0)) for each in Preferred)
        query = select(*what, _ROW.listener, *counts).where(_ROW.preferred.is_not(None))
        found: defaultdict[Contest, list[Tally]] = defaultdict(list)
        with self._database.read() as session:
            for baseline, version, other, listener, *numbers in session.execute(
                query.group_by(*what, _ROW.listener).order_by(*what, _ROW.listener)
            ):
                found[Contest(Baseline(baseline), version, other)].append(Tally(listener, *map(int, numbers)))
        return dict(found)


def _comparison(row: ComparisonRow) -> Comparison:
    pair = Pair(
        track_id=row.track_id,
        segue_id=row.segue_id,
        baseline_id=row.baseline_id,
        baseline=Baseline(row.baseline),
        segue_first=row.segue_first,
        model_version=row.model_version,
        other_version=row.other_version,
    )
    return Comparison(
        id=row.id,
        listener=row.listener,
        pair=pair,
        shown_at=row.shown_at,
        preferred=None if row.preferred is None else Preferred(row.preferred),
        answered_at=row.answered_at,
    )
