"""The report: every figure, the required values, and the page that shows both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from services.evaluation.trials import HALF_LIVES, VARIANTS, Dismissals, Quality, Skips, Spread
from services.recommend.dismissals import KIND_COSINE

COMMAND = "python -m services.evaluation"
SEGUE, MEAN, INFORMED = "Segue", "mean", "known interests"

_LOSS_TO_MEAN = 0.01
_COVERAGE = 0.95
_FALL, _LOSS = 0.70, 0.05
_LEFT = 0.1
_MORE_DIVERSE = 1.2
_LIBRARY, _GINI = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """One run.

    Attributes:
        tracks: Number of tracks.
        model_version: Of the encoder that computed the vectors.
        listeners: Number of listeners of each kind.
        methods: Names, in the order of the columns.
        qualities: By number of interests: one row per variant of the listeners, one column per method.
        skips: By number of interests: the effect of three skips.
        dismissals: By number of interests: the effect of the dismissal of one taste.
        recency: Share of today's interest for each half-life.
        spreads: By method: how evenly the library is recommended.
        same_after_restart: Whether a reopened catalogue and index gave the same answers.
    """

    tracks: int
    model_version: str
    listeners: int
    methods: tuple[str, ...]
    qualities: Mapping[int, list[list[Quality]]]
    skips: Mapping[int, Skips]
    dismissals: Mapping[int, Dismissals]
    recency: Sequence[float]
    spreads: Mapping[str, Spread]
    same_after_restart: bool

    def of(self, interests: int, method: str, variant: int = 0) -> Quality:
        """Return one cell."""
        return self.qualities[interests][variant][self.methods.index(method)]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure and its required range."""

    test: str
    measured: float
    minimum: float = -inf
    maximum: float = inf

    @property
    def reached(self) -> bool:
        """Whether the figure is in the range."""
        return self.minimum <= self.measured <= self.maximum

    @property
    def requirement(self) -> str:
        """The range as text."""
        return f"≥ {self.minimum:.3f}" if self.minimum > -inf else f"≤ {self.maximum:.3f}"


def figures(report: Report) -> Iterator[Figure]:
    """Return every figure with its required range."""
    mean = report.of(1, MEAN).ndcg
    yield Figure("1 interest: NDCG@20 (mean − .01)", report.of(1, SEGUE).ndcg, minimum=mean - _LOSS_TO_MEAN)
    for interests in (2, 3):
        mine = report.of(interests, SEGUE)
        yield Figure(f"{interests} interests: coverage@10", mine.coverage, minimum=_COVERAGE)
        yield Figure(f"{interests} interests: NDCG@20 (mean)", mine.ndcg, minimum=report.of(interests, MEAN).ndcg)
    for interests, found in report.skips.items():
        yield Figure(f"3 skips of one of {interests} interests: its share decreases by", found.fall, minimum=_FALL)
        yield Figure(
            f"3 skips of one of {interests} interests: the others' NDCG decreases by", found.loss, maximum=_LOSS
        )
    for interests, dismissed in report.dismissals.items():
        name = f"1 taste dismissed, {interests} interests"
        yield Figure(f"{name}: what is left of its share", dismissed.left, maximum=_LEFT)
        yield Figure(f"{name}: the others' NDCG decreases by", dismissed.loss, maximum=_LOSS)
    falling = all(one > other for one, other in zip(report.recency, report.recency[1:], strict=False))
    yield Figure("today beside 60 days ago: share, half-life 30 days", _at(report, 30.0), minimum=0.6)
    yield Figure("today beside 60 days ago: monotone in the half-life (1 is yes)", float(falling), minimum=1)
    for interests in (1, 2, 3):
        required = report.of(interests, MEAN).diversity * _MORE_DIVERSE
        diversity = report.of(interests, SEGUE).diversity
        yield Figure(
            f"{interests} interest{'s' * (interests > 1)}: diversity within an answer (mean + 20 %)",
            diversity,
            minimum=required,
        )
    yield Figure("share of the library recommended", report.spreads[SEGUE].coverage, minimum=_LIBRARY)
    yield Figure("Gini coefficient of exposure", report.spreads[SEGUE].gini, maximum=_GINI)
    yield Figure("same answers after a restart (1 is yes)", float(report.same_after_restart), minimum=1)


def page(report: Report) -> str:
    """Return the page `docs/evaluation/recommendations.md`."""
    return "\n".join(
        (
            _introduction(report),
            _figures(report),
            _qualities(report),
            _skips(report),
            _dismissals(report),
            _rest(report),
        )
    )


def _introduction(report: Report) -> str:
    return f"""# How good are the recommendations?

Written by `{COMMAND}`; do not edit by hand. The material is {report.tracks} tracks of the `[validation]`
packages, with embeddings of encoder `{report.model_version}` (`docs/evaluation/validation.npz`, written by
`python -m models.evaluation.export`), in a real catalogue and the embedded index. There are {report.listeners}
simulated listeners of each kind. An interest is a soundtrack: the listener has played four of its tracks this evening,
and a good answer contains the others. The listeners are not real: the evaluation assumes that a soundtrack has one
mood, which is not true of all. The maxima per artist and album are off, because they would exclude the wanted tracks.
The constants of `services/recommend` were chosen on other listeners of the same tracks; the encoder was not trained on
these tracks.
"""


def _figures(report: Report) -> str:
    rows = [
        (found.test, found.requirement, f"{found.measured:.3f}", "reached" if found.reached else "**not reached**")
        for found in figures(report)
    ]
    reached = sum(found.reached for found in figures(report))
    header = ("test", "required", "measured", "result")
    return f"## Required and measured figures\n\n{reached} of {len(rows)} are reached.\n\n{table(header, rows)}"


def _qualities(report: Report) -> str:
    legend = (
        "NDCG@20 ± standard error / coverage@10 (share of the interests of which at least one track is among the first "
        "10) / diversity (mean cosine distance within the first 10). "
        f"*{INFORMED.capitalize()}* is given which play belongs to which interest and recommends by the mean of each "
        "in turn: about the best coverage that this embedding allows.\n"
    )
    parts = ["## Comparison with other methods\n", legend]
    for interests, variants in report.qualities.items():
        rows = [(name, *(_cell(quality) for quality in row)) for name, row in zip(VARIANTS, variants, strict=True)]
        title = f"### {interests} interest{'s' * (interests > 1)}\n"
        parts += [title, table(("listeners", *report.methods), rows)]
    return "\n".join(parts)


def _cell(quality: Quality) -> str:
    return f"{quality.ndcg:.3f} ± {quality.error:.3f} / {quality.coverage:.2f} / {quality.diversity:.2f}"


def _skips(report: Report) -> str:
    rows = [
        (
            str(interests),
            f"{found.share_before:.3f} → {found.share_after:.3f}",
            f"{found.others_before:.3f} → {found.others_after:.3f}",
        )
        for interests, found in report.skips.items()
    ]
    header = ("interests", "its share of the first 10", "the others' NDCG@20")
    return (
        "## Three skips of one interest\n\nThree of its tracks are skipped after five seconds; before, the same three "
        f"tracks are just not offered.\n\n{table(header, rows)}"
    )


def _dismissals(report: Report) -> str:
    rows = [
        (
            str(interests),
            f"{found.share_before:.3f} → {found.share_after:.3f}",
            f"{found.share_later:.3f}",
            f"{found.others_before:.3f} → {found.others_after:.3f}",
        )
        for interests, found in report.dismissals.items()
    ]
    header = ("interests", "its share of the first 10", "after two later plays", "the others' NDCG@20")
    return (
        "## One taste is dismissed\n\nThe listener dismisses the taste that has most plays of one interest. Its share "
        f"are the tracks with a cosine of {KIND_COSINE:g} or more to its centre that are not nearer to the centre of "
        "another taste. The other interests are those "
        f"without a play in the dismissed taste.\n\n{table(header, rows)}"
    )


def _rest(report: Report) -> str:
    ages = table(
        ("half-life, days", *(f"{value:g}" for value in HALF_LIVES)),
        [("share of today's interest", *(f"{value:.2f}" for value in report.recency))],
    )
    spreads = table(
        ("method", "share of the library recommended", "Gini"),
        [(name, f"{found.coverage:.3f}", f"{found.gini:.3f}") for name, found in report.spreads.items()],
    )
    return (
        f"## Today and 60 days ago\n\nOne interest was played today, the other 60 days ago.\n\n{ages}\n"
        f"## Coverage of the library\n\nListeners with one to three interests, 10 tracks each.\n\n{spreads}"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns."""
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *shown[1:]]) + "\n"


def _at(report: Report, half_life: float) -> float:
    return report.recency[HALF_LIVES.index(half_life)]
