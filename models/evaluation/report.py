"""The evaluation's figures as a table for the terminal, JSON for scripts and a page for readers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.evaluation.retrieval import Retrieval, ceiling, interval

COMMAND = "python -m models.evaluation"


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over tracks and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Row:
    """One representation's figures."""

    name: str
    same_track_r1: Figure
    soundtrack_p5: Figure
    soundtrack_p10: Figure
    soundtrack_map: Figure
    n10_skew: float


@dataclass(frozen=True, slots=True)
class Report:
    """What one run measured.

    Attributes:
        encoder: Version of the shipped encoder.
        sha256: Of its weights.
        soundtracks: Package → number of tracks judged.
        p10_ceiling: P@10 of a perfect ranking.
        rows: Baselines first, the shipped encoder last.
        p10_by_soundtrack: Package → the shipped encoder's P@10.
    """

    encoder: str
    sha256: str
    soundtracks: Mapping[str, int]
    p10_ceiling: float
    rows: Sequence[Row]
    p10_by_soundtrack: Mapping[str, float]


_COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("representation", lambda row: row.name),
    ("same-track R@1", lambda row: str(row.same_track_r1)),
    ("same-soundtrack P@5", lambda row: str(row.soundtrack_p5)),
    ("same-soundtrack P@10", lambda row: str(row.soundtrack_p10)),
    ("MAP", lambda row: str(row.soundtrack_map)),
    ("N10 skew", lambda row: f"{row.n10_skew:.2f}"),
)


def build(results: Mapping[str, Retrieval], soundtracks: Sequence[str], encoder: str, sha256: str) -> Report:
    """Summarise the results of one run.

    Args:
        results: Name → figures; the shipped encoder comes last.
        soundtracks: The n tracks' soundtracks.
        encoder: Version of the shipped encoder.
        sha256: Of its weights.
    """
    names = list(dict.fromkeys(soundtracks))
    shipped = list(results.values())[-1].precision_10
    mine = {name: [i for i, soundtrack in enumerate(soundtracks) if soundtrack == name] for name in names}
    return Report(
        encoder=encoder,
        sha256=sha256,
        soundtracks={name: len(mine[name]) for name in names},
        p10_ceiling=ceiling(soundtracks),
        rows=[_row(name, result) for name, result in results.items()],
        p10_by_soundtrack={name: float(shipped[mine[name]].mean()) for name in names},
    )


def _row(name: str, result: Retrieval) -> Row:
    return Row(
        name=name,
        same_track_r1=_figure(result.same_track),
        soundtrack_p5=_figure(result.precision_5),
        soundtrack_p10=_figure(result.precision_10),
        soundtrack_map=_figure(result.average_precision),
        n10_skew=result.hubness,
    )


def _figure(values: Any) -> Figure:  # noqa: ANN401
    return Figure(float(values.mean()), *interval(values))


def table(report: Report) -> str:
    """A Markdown table, aligned so that it reads in a terminal too."""
    cells = [[title for title, _ in _COLUMNS]]
    cells += [[text(row) for _, text in _COLUMNS] for row in report.rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]) + "\n"


def as_json(report: Report) -> str:
    """The report as JSON; `command` says what printed it."""
    return json.dumps({"command": COMMAND} | asdict(report), indent=2) + "\n"


def metrics(report: Report) -> dict[str, Any]:
    """The shipped encoder's figures for its model card, with the command that printed them."""
    return {"command": COMMAND, "tracks": sum(report.soundtracks.values())} | asdict(report.rows[-1])


def write_page(report: Report, file: Path) -> None:
    """Write the page for readers, `docs/evaluation/README.md`."""
    n_tracks = sum(report.soundtracks.values())
    by_soundtrack = "\n".join(
        f"| {name} | {count} | {report.p10_by_soundtrack[name]:.3f} |" for name, count in report.soundtracks.items()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        _PAGE.format(
            command=COMMAND,
            encoder=report.encoder,
            sha256=report.sha256[:12],
            n_tracks=n_tracks,
            n_soundtracks=len(report.soundtracks),
            table=table(report),
            ceiling=report.p10_ceiling,
            by_soundtrack=by_soundtrack,
        ),
        encoding="utf-8",
    )


_PAGE = """# How good is the encoder?

Written by `{command}`; do not edit by hand. Encoder `{encoder}` (weights {sha256}…),
judged on {n_tracks} tracks of {n_soundtracks} soundtracks: the `[validation]` packages of
`models/training/corpus.toml`. Nothing was fitted on them.

{table}
Brackets: 95 % bootstrap interval over tracks. A perfect ranking would reach P@10 {ceiling:.3f}, because some
soundtracks have fewer than 11 tracks.

- **Query and database**: windows of 10 s; the first half of a track's windows asks, the second halves of all
  tracks answer. The encoder brings each half to one loudness; the baselines hear it as it is.
- **Same-track R@1**: the nearest half is the track's own. **Same-soundtrack P@5, P@10, MAP**: other tracks
  of the soundtrack among the nearest *other* tracks. A soundtrack stands in for a vibe; no listener was asked.
- **N10 skew**: hubness. 0 is even; above about 1, a few tracks crowd everybody's results.
- **Loudness only**: RMS level, by distance. **MFCC**: mean and deviation of 30 coefficients, standardised
  on the judged tracks (in its favour), by cosine.

## By soundtrack

| soundtrack | tracks | P@10 of the shipped encoder |
|---|---|---|
{by_soundtrack}
"""
