"""Everything that was measured, what issue 4 demands of it, and the page that shows both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from services.evaluation.trials import HALF_LIVES, VARIANTS, Quality, Skips, Spread

COMMAND = "python -m services.evaluation"
SEGUE, MEAN, INFORMED = "Segue", "mean", "told the interests"

_LOSS_TO_MEAN = 0.01
_COVERAGE = 0.95
_FALL, _LOSS = 0.70, 0.05
_MORE_DIVERSE = 1.2
_LIBRARY, _GINI = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """One run.

    Attributes:
        tracks: How many there were.
        model_version: Of the encoder that heard them.
        listeners: How many were drawn of each kind.
        methods: Names, in the columns' order.
        qualities: Interests → one row a variant of the listeners, one column a method.
        skips: Interests → what three skips do.
        recency: Share of today's interest, one value a half-life.
        spreads: Method → how evenly the library is answered.
        same_after_restart: Whether the same questions had the same answers from a catalogue and an index opened anew.
    """

    tracks: int
    model_version: str
    listeners: int
    methods: tuple[str, ...]
    qualities: Mapping[int, list[list[Quality]]]
    skips: Mapping[int, Skips]
    recency: Sequence[float]
    spreads: Mapping[str, Spread]
    same_after_restart: bool

    def of(self, interests: int, method: str, variant: int = 0) -> Quality:
        """One cell."""
        return self.qualities[interests][variant][self.methods.index(method)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One demand: what is measured, and within what it must lie."""

    test: str
    measured: float
    least: float = -inf
    most: float = inf

    @property
    def reached(self) -> bool:
        """Whether it does."""
        return self.least <= self.measured <= self.most

    @property
    def demand(self) -> str:
        """In words."""
        return f"≥ {self.least:.3f}" if self.least > -inf else f"≤ {self.most:.3f}"


def verdicts(report: Report) -> Iterator[Verdict]:
    """Every demand, in the issue's order."""
    mean = report.of(1, MEAN).ndcg
    yield Verdict("1 interest: NDCG@20 (mean − .01)", report.of(1, SEGUE).ndcg, least=mean - _LOSS_TO_MEAN)
    for interests in (2, 3):
        mine = report.of(interests, SEGUE)
        yield Verdict(f"{interests} interests: coverage@10", mine.coverage, least=_COVERAGE)
        yield Verdict(f"{interests} interests: NDCG@20 (mean)", mine.ndcg, least=report.of(interests, MEAN).ndcg)
    for interests, found in report.skips.items():
        yield Verdict(f"3 skips of one of {interests} interests: its share falls by", found.fall, least=_FALL)
        yield Verdict(f"3 skips of one of {interests} interests: the others' NDCG loses", found.loss, most=_LOSS)
    falling = all(one > other for one, other in zip(report.recency, report.recency[1:], strict=False))
    yield Verdict("today beside 60 days ago: share, half-life 30 days", _at(report, 30.0), least=0.6)
    yield Verdict("today beside 60 days ago: monotone in the half-life (1 is yes)", float(falling), least=1)
    for interests in (1, 2, 3):
        most = report.of(interests, MEAN).diversity * _MORE_DIVERSE
        diversity = report.of(interests, SEGUE).diversity
        yield Verdict(
            f"{interests} interest{'s' * (interests > 1)}: diversity within an answer (mean + 20 %)",
            diversity,
            least=most,
        )
    yield Verdict("share of the library answered", report.spreads[SEGUE].coverage, least=_LIBRARY)
    yield Verdict("Gini coefficient of exposure", report.spreads[SEGUE].gini, most=_GINI)
    yield Verdict("same answers after a restart (1 is yes)", float(report.same_after_restart), least=1)


def page(report: Report) -> str:
    """The page for readers, `docs/evaluation/recommendations.md`."""
    return "\n".join((_introduction(report), _verdicts(report), _qualities(report), _skips(report), _rest(report)))


def _introduction(report: Report) -> str:
    return f"""# How good are the recommendations?

Written by `{COMMAND}`; do not edit by hand. {report.tracks} tracks of the `[validation]` packages, heard by encoder
`{report.model_version}` (`docs/evaluation/validation.npz`, written by `python -m models.evaluation.export`), in a real
catalogue and a real Qdrant Edge. {report.listeners} simulated listeners of each kind: an interest is a soundtrack, of
which four tracks were played whole this evening; what is wanted are its other tracks. Nobody was asked: that a
soundtrack is of one feel is an assumption, and some are not. The caps per artist and album are off, as they would
forbid just what is looked for. The constants of `services/recommend` were chosen on other listeners, but drawn from the
same tracks; the encoder was never trained on them.
"""


def _verdicts(report: Report) -> str:
    rows = [
        (found.test, found.demand, f"{found.measured:.3f}", "reached" if found.reached else "**not reached**")
        for found in verdicts(report)
    ]
    reached = sum(found.reached for found in verdicts(report))
    header = ("test", "demanded", "measured", "verdict")
    return f"## What is demanded, and what is reached\n\n{reached} of {len(rows)}.\n\n{table(header, rows)}"


def _qualities(report: Report) -> str:
    legend = (
        "NDCG@20 ± standard error / coverage@10 (share of the interests of which at least one track is among the first "
        "10) / diversity (mean cosine distance within the first 10). "
        f"*{INFORMED.capitalize()}* knows which play belongs to which interest and asks for the mean of each in turn: "
        "about what coverage this embedding can give.\n"
    )
    parts = ["## Beside other ways\n", legend]
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
        "## Three skips of one interest\n\nThree of its tracks are left after five seconds; before, the same three are "
        f"merely not offered.\n\n{table(header, rows)}"
    )


def _rest(report: Report) -> str:
    ages = table(
        ("half-life, days", *(f"{value:g}" for value in HALF_LIVES)),
        [("share of today's interest", *(f"{value:.2f}" for value in report.recency))],
    )
    spreads = table(
        ("method", "share of the library answered", "Gini"),
        [(name, f"{found.coverage:.3f}", f"{found.gini:.3f}") for name, found in report.spreads.items()],
    )
    return (
        f"## Today and 60 days ago\n\nTwo interests, one played today, one 60 days ago.\n\n{ages}\n"
        f"## Is every track answered to someone?\n\nListeners of one to three interests, 10 tracks each.\n\n{spreads}"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads in a terminal too."""
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    shown = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *shown[1:]]) + "\n"


def _at(report: Report, half_life: float) -> float:
    return report.recency[HALF_LIVES.index(half_life)]
