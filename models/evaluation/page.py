"""The evaluation page `docs/evaluation/README.md` and its plots, made from a report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from models.evaluation.alterations import TILT_PIVOT
from models.evaluation.demands import requirements
from models.evaluation.metrics import Figure
from models.evaluation.mood import AGITATED_WORDS, CALM_WORDS, Mood
from models.evaluation.report import COMMAND, Report
from models.evaluation.representations import HALF_WHITENED, SHIPPED

_MISSING = "–"
_DPI = 110
_COLOURS = {SHIPPED: "#c2410c", HALF_WHITENED: "#1d4ed8"}
_OTHERS = "#94a3b8"


def markdown_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are aligned in plain text too."""
    cells = [list(header), *map(list, lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    return "\n".join([rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows[1:]]) + "\n"


def retrieval_table(report: Report) -> str:
    """Return the table of retrieval figures with intervals over tracks."""
    return markdown_table(
        ("representation", "same-track R@1", "soundtrack P@5", "soundtrack P@10", "MAP"),
        [
            (row.name, *map(str, (row.same_track_r1, row.soundtrack_p5, row.soundtrack_p10, row.soundtrack_map)))
            for row in report.rows
        ],
    )


def requirement_table(report: Report) -> str:
    """Return the table of requirements, figures and results."""
    return markdown_table(
        ("test", "required", "measured", "result"),
        [
            (each.test, each.limit, f"{each.measured:.5g}", "met" if each.met else "**not met**")
            for each in requirements(report)
        ],
    )


def page(report: Report) -> str:
    """Return the whole page in Markdown."""
    return "\n".join(
        (
            _introduction(report),
            _retrieval(report),
            _mood_distance(report),
            _robustness(report),
            _moods(report),
            _direction(report),
            _hubness(report),
            _fidelity_and_determinism(report),
        )
    )


def _introduction(report: Report) -> str:
    met = [each.met for each in requirements(report)]
    notes = "".join(f"- {note}\n" for note in report.notes)
    return f"""# Evaluation of the encoder

Written by `{COMMAND}`; do not edit by hand. Encoder `{report.encoder}` (weights {report.sha256[:12]}…), evaluated on
{sum(report.soundtracks.values())} tracks of {len(report.soundtracks)} soundtracks: the `[validation]` packages of
`models/corpus/corpus.toml`. Nothing was fitted on them, but they were used to stop training and to choose the model.
`figures.json` contains all figures. Brackets contain 95 % bootstrap intervals.

## Requirements

{sum(met)} of {len(met)} requirements are met.

{requirement_table(report)}
{notes}"""


def _difference(report: Report) -> str:
    found = report.p10_above_teachers
    if found is None:
        return ""
    return f"""P@10 of the shipped encoder minus P@10 of the teachers, track by track: {found.value:+.3f}, 95 % interval
over packages {found.package_low:+.3f} to {found.package_high:+.3f}.

"""


def _retrieval(report: Report) -> str:
    teachers = report.p10_by_soundtrack.get(HALF_WHITENED)
    by_soundtrack = markdown_table(
        ("soundtrack", "tracks", "shipped P@10", "teachers half-whitened P@10"),
        [
            (
                name,
                str(count),
                f"{report.p10_by_soundtrack[SHIPPED][name]:.3f}",
                f"{teachers[name]:.3f}" if teachers else _MISSING,
            )
            for name, count in report.soundtracks.items()
        ],
    )
    return f"""## Retrieval of tracks and soundtracks

{retrieval_table(report)}
![Retrieval by representation](retrieval.png)

The same with intervals over packages, which estimate the spread over other soundtracks:

{_package_table(report)}
- **Query and database**: windows of 10 s. The first half of a track's windows is the query; the second halves of all
  tracks are the database. **R@1**: the nearest half is the track's own. **P@5, P@10, MAP**: other tracks of the
  soundtrack among the nearest *other* tracks. A perfect ranking reaches P@10 {report.p10_ceiling:.3f}. The soundtrack
  stands for the vibe; no listener rated the results.
- The encoder and the teachers normalise the loudness of each half; the other representations do not. **Loudness
  only**: RMS level. **MFCC**: mean and standard deviation of 30 coefficients. MFCC and the teachers' raw features are
  standardised on the evaluated tracks, which favours them. bliss-audio and musly get the same windows and use their
  own distances.

{_difference(report)}{by_soundtrack}
![P@10 by soundtrack](soundtracks.png)
"""


def _package_table(report: Report) -> str:
    return markdown_table(
        ("representation", "same-track R@1", "soundtrack P@10"),
        [(row.name, _over_packages(row.same_track_r1), _over_packages(row.soundtrack_p10)) for row in report.rows],
    )


def _over_packages(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.package_low:.3f}, {figure.package_high:.3f}]"


def _mood_distance(report: Report) -> str:
    lines = [(row.name, *(str(figure) for figure in row.feel.values())) for row in report.rows if row.feel]
    if not lines:
        return "## Mood distance of neighbours\n\nNot measured, because the teachers were omitted.\n"
    return f"""## Mood distance of neighbours

{markdown_table(("representation", *report.rows[-1].feel), lines)}
Mean difference of rank between a whole track and its 10 nearest tracks of *other* soundtracks; lower is better. All
tracks are ranked from 0 to 1 by energy and by valence according to *the teachers' tags*, never by the encoder's own
attributes: log-odds of fast and loud against slow and soft, and of happy and party against sad and ambient.
The encoder is trained towards these balances, which favours it. *Other tags* are a second judge: energy by drums, beat,
metal, rock and punk against quiet, ambient, chillout and mellow; valence by catchy, funk and pop against experimental
and weird. Both judges are the teachers, so they favour the teachers' representations over bliss-audio, musly and MFCC.
"""


def _robustness(report: Report) -> str:
    if not report.robustness:
        return "## Robustness to altered copies\n\nNot measured in this run.\n"
    names = list(report.robustness[0].r1)
    lines = [
        (
            result.name,
            *(f"{result.r1[name]:.3f}" for name in names),
            f"{result.energy_change:.3f}",
            f"{result.valence_change:.3f}",
        )
        for result in report.robustness
    ]
    counts = "; ".join(f"{name}: {count}" for name, count in report.robustness[0].queries.items())
    header = ("alteration", *(f"R@1 {name}" for name in names), "energy change", "valence change")
    return f"""## Robustness to altered copies

{markdown_table(header, lines)}
![Robustness](robustness.png)

The query is the altered whole track; the database is all unaltered tracks. Number of queries: {counts}.
Files are decoded again at the positions of the copy's windows, and altered at their own sample rate and channels. MP3
has a constant 64 kbit/s. The tilt pivots at {TILT_PIVOT:.0f} Hz. The low-pass is a Butterworth filter of order 8. White
noise is 20 dB below the track's RMS. Speed changes tempo and pitch together. Pitch is shifted by a phase vocoder on the
mono mix. The lead-in is silence before the track, which moves every window.
Changes of attributes are mean absolute changes on a scale from 0 to 1.
"""


def _moods(report: Report) -> str:
    sections = "\n".join(map(_one_mood, report.mood))
    return f"""## Battle music against calm music

Tracks are labelled by their file names: {", ".join(AGITATED_WORDS)} against
{", ".join(CALM_WORDS)}, anywhere in the name. The words were chosen by reading the names, before any
figure was computed. The table has the AUC of three scores: the energy attribute; the difference in similarity to the
nearest agitated and the nearest calm tracks of *other* soundtracks; and loudness alone, for comparison. "Equal
loudness": each window is scaled to the same RMS level. The names are few, so no figure is required.

{sections}"""


def _one_mood(mood: Mood) -> str:
    agitated, calm = ", ".join(mood.agitated) or "none", ", ".join(mood.calm) or "none"
    names = f"**{mood.name}**: {len(mood.agitated)} agitated ({agitated}), {len(mood.calm)} calm ({calm})."
    if not mood.areas:
        return f"{names}\nNot measured, because one class has no tracks.\n"
    lines = [(name, str(area)) for name, area in mood.areas.items()]
    return f"{names}\n\n{markdown_table(('score', 'AUC'), lines)}"


def _direction(report: Report) -> str:
    if not report.direction:
        return "## Direction of attributes\n\nNot measured in this run.\n"
    found = report.direction
    return f"""## Direction of attributes

{found.pairs} synthesised pieces of varied tempo, key, mode, timbre and percussion, each with one property changed.
Tempo × 1.3: energy rises in {found.faster:.1%}. Major to minor: valence falls in {found.minor:.1%}. 6 dB louder: both
change by less than 0.01 in {found.louder:.1%}.
"""


def _hubness(report: Report) -> str:
    lines = [(row.name, f"{row.n10_skew:.2f}", f"{row.never_recommended:.1%}") for row in report.rows]
    return f"""## Hubness

{markdown_table(("representation", "N10 skewness", "never recommended"), lines)}
![Number of recommendations per track](hubness.png)

N10 is the number of other tracks that have a whole track among their 10 nearest. A skewness of 0 is even; above about
1, a few tracks are in many results.
"""


def _fidelity_and_determinism(report: Report) -> str:
    found, same = report.fidelity, report.determinism
    lines = []
    if found:
        lines.append(
            "Fidelity: the cosine of the teachers' half-whitened features and the encoder's prediction of them is\n"
            f"{found.cosine:.3f}. The correlation of the similarities of all pairs of tracks is "
            f"{found.similarity_correlation:.3f}; the embedding is in\nanother space by design. The mean correlation "
            f"of each of the 100 tags over tracks is {found.tag_correlation:.3f}."
        )
    if same:
        lines.append(
            f"Determinism, least cosine: one thread or two {same.threads:.7f}; alone or in a batch {same.batch:.7f}; "
            f"after a\nrestart {same.restart:.7f}."
        )
    lines.append("For tempo, key and loudness of windows against the whole track, see [agreement](agreement.md).")
    return "## Fidelity and determinism\n\n" + "\n\n".join(lines) + "\n"


def draw_plots(report: Report, directory: Path) -> None:
    """Draw the page's plots as PNG files, without a display."""
    _save(_retrieval_plot(report), directory / "retrieval.png")
    _save(_soundtracks_plot(report), directory / "soundtracks.png")
    _save(_hubness_plot(report), directory / "hubness.png")
    if report.robustness:
        _save(_robustness_plot(report), directory / "robustness.png")


def _save(canvas: Canvas, file: Path) -> None:
    # Without date and version in the metadata, the same figures give the same file.
    canvas.savefig(file, dpi=_DPI, metadata={"Software": None})


def _retrieval_plot(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.6), layout="constrained")
    left, right = canvas.subplots(1, 2, sharey=True)
    names = [row.name for row in report.rows]
    _draw_intervals(left, names, [row.same_track_r1 for row in report.rows], "same-track R@1")
    _draw_intervals(right, names, [row.soundtrack_p10 for row in report.rows], "same-soundtrack P@10")
    return canvas


def _draw_intervals(axes: Axes, names: Sequence[str], figures: Sequence[Figure], title: str) -> None:
    places = np.arange(len(names))[::-1]
    values = np.array([figure.value for figure in figures])
    reach = np.array([(figure.value - figure.low, figure.high - figure.value) for figure in figures]).T
    axes.barh(places, values, color=[_COLOURS.get(name, _OTHERS) for name in names])
    axes.errorbar(values, places, xerr=np.maximum(reach, 0.0), fmt="none", ecolor="black", capsize=3)
    axes.set_yticks(places, names)
    axes.set_title(f"{title}, 95 % interval over tracks", fontsize=9)
    axes.set_xlim(left=0.0)


def _soundtracks_plot(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.6), layout="constrained")
    axes = canvas.subplots()
    shown = [name for name in (HALF_WHITENED, SHIPPED) if name in report.p10_by_soundtrack]
    _draw_groups(
        axes, list(report.soundtracks), {name: list(report.p10_by_soundtrack[name].values()) for name in shown}
    )
    axes.set_title("same-soundtrack P@10 by soundtrack", fontsize=9)
    return canvas


def _robustness_plot(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 4.0), layout="constrained")
    axes = canvas.subplots()
    series = {name: [result.r1[name] for result in report.robustness] for name in report.robustness[0].r1}
    _draw_groups(axes, [result.name for result in report.robustness], series)
    for place, result in enumerate(report.robustness):
        axes.hlines(result.least_r1, place - 0.45, place + 0.45, colors="black", linestyles="dashed", linewidth=1)
    axes.set_title("R@1 of altered copies; dashed: required of the shipped encoder", fontsize=9)
    return canvas


def _draw_groups(axes: Axes, groups: Sequence[str], series: dict[str, list[float]]) -> None:
    width = 0.8 / len(series)
    places = np.arange(len(groups))
    for index, (name, values) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * width
        axes.bar(places + shift, values, width, label=name, color=_COLOURS.get(name, _OTHERS))
    axes.set_xticks(places, groups, rotation=30, ha="right", fontsize=8)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _hubness_plot(report: Report) -> Canvas:
    canvas = Canvas(figsize=(9, 3.2), layout="constrained")
    axes = canvas.subplots()
    shown = {name: report.n10[name] for name in (HALF_WHITENED, SHIPPED) if name in report.n10}
    edges = [count - 0.5 for count in range(max(map(max, shown.values())) + 2)]
    for name, counts in shown.items():
        axes.hist(counts, edges, histtype="step", linewidth=1.6, label=name, color=_COLOURS[name])
    axes.set_xlabel("times among the 10 nearest of another track (N10)", fontsize=8)
    axes.set_ylabel("tracks", fontsize=8)
    axes.legend(fontsize=8)
    return canvas
