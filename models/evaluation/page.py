"""The page for readers, `docs/evaluation/README.md`, out of a report."""

from collections.abc import Sequence

from models.evaluation.alterations import TILT_PIVOT
from models.evaluation.demands import verdicts
from models.evaluation.listening import HALF_WHITENED, SHIPPED
from models.evaluation.mood import AGITATED_WORDS, CALM_WORDS, Mood
from models.evaluation.report import COMMAND, Report
from models.evaluation.trials import Figure

_NOTHING = "–"


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads in a terminal too."""
    cells = [list(header), *map(list, lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    return "\n".join([rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows[1:]]) + "\n"


def retrieval_table(report: Report) -> str:
    """Retrieval of every representation, with intervals over tracks."""
    return table(
        ("representation", "same-track R@1", "soundtrack P@5", "soundtrack P@10", "MAP"),
        [
            (row.name, *map(str, (row.same_track_r1, row.soundtrack_p5, row.soundtrack_p10, row.soundtrack_map)))
            for row in report.rows
        ],
    )


def verdict_table(report: Report) -> str:
    """Every demand beside what was measured."""
    return table(
        ("test", "demanded", "measured", "verdict"),
        [
            (
                verdict.test,
                verdict.demand,
                f"{verdict.measured:.5g}",
                "reached" if verdict.reached else "**not reached**",
            )
            for verdict in verdicts(report)
        ],
    )


def page(report: Report) -> str:
    """The whole page."""
    return "\n".join(
        (
            _introduction(report),
            _retrieval(report),
            _feel(report),
            _robustness(report),
            _moods(report),
            _direction(report),
            _even(report),
            _faithful(report),
        )
    )


def _introduction(report: Report) -> str:
    reached = [verdict.reached for verdict in verdicts(report)]
    notes = "".join(f"- {note}\n" for note in report.notes)
    return f"""# How good is the encoder?

Written by `{COMMAND}`; do not edit by hand. Encoder `{report.encoder}` (weights {report.sha256[:12]}…), judged on
{sum(report.soundtracks.values())} tracks of {len(report.soundtracks)} soundtracks: the `[validation]` packages of \
`models/corpus/corpus.toml`. Nothing was fitted on them, but
training was stopped and chosen by them. All figures are in `figures.json`. Brackets are 95 % bootstrap intervals.

## What is demanded, and what is reached

{sum(reached)} of {len(reached)} demands are reached.

{verdict_table(report)}
{notes}"""


def _retrieval(report: Report) -> str:
    theirs = report.p10_by_soundtrack.get(HALF_WHITENED)
    by_soundtrack = table(
        ("soundtrack", "tracks", "shipped P@10", "teachers half-whitened P@10"),
        [
            (
                name,
                str(count),
                f"{report.p10_by_soundtrack[SHIPPED][name]:.3f}",
                f"{theirs[name]:.3f}" if theirs else _NOTHING,
            )
            for name, count in report.soundtracks.items()
        ],
    )
    return f"""## Does half a track find its other half, and its soundtrack?

{retrieval_table(report)}
![Retrieval by representation](retrieval.png)

Over packages instead of tracks, which asks how it would be on other soundtracks:

{_package_table(report)}
- **Query and database**: windows of 10 s; the first half of a track's windows asks, the second halves of all tracks
  answer. **R@1**: the nearest half is the track's own. **P@5, P@10, MAP**: other tracks of the soundtrack among the
  nearest *other* tracks; a perfect ranking would reach P@10 {report.p10_ceiling:.3f}. A soundtrack stands in for a
  vibe; no listener was asked.
- Encoder and teachers bring each half to one loudness; the others hear it as it is. **Loudness only**: RMS level.
  **MFCC**: mean and deviation of 30 coefficients. MFCC and the teachers' raw features are standardised on the judged
  tracks, in their favour. bliss-audio and musly hear the same windows and use their own distances.

{by_soundtrack}
![P@10 by soundtrack](soundtracks.png)
"""


def _package_table(report: Report) -> str:
    return table(
        ("representation", "same-track R@1", "soundtrack P@10"),
        [(row.name, _over_packages(row.same_track_r1), _over_packages(row.soundtrack_p10)) for row in report.rows],
    )


def _over_packages(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.package_low:.3f}, {figure.package_high:.3f}]"


def _feel(report: Report) -> str:
    lines = [(row.name, *(str(figure) for figure in row.feel.values())) for row in report.rows if row.feel]
    if not lines:
        return "## Do neighbours feel alike?\n\nNot measured: the teachers were left out.\n"
    return f"""## Do neighbours feel alike?

{table(("representation", *report.rows[-1].feel), lines)}
Mean distance of ranks, lower is better. Of each whole track, the 10 nearest tracks of *other* soundtracks are asked.
All tracks are ranked from 0 to 1 by energy and by valence, *judged by the teachers' tags* and never by our own
attributes: log-odds of fast and loud against slow and soft, and of happy and party against sad and ambient. An encoder
that is trained towards these very balances does better by them than by ears, so *other tags* give a second opinion:
energy by drums, beat, metal, rock and punk against quiet, ambient, chillout and mellow; valence by catchy, funk and pop
against experimental and weird.
Either judge is the teachers', and related to their representations more than to bliss, musly or MFCC.
"""


def _robustness(report: Report) -> str:
    if not report.robustness:
        return "## Does an altered copy find its original?\n\nNot measured in this run.\n"
    names = list(report.robustness[0].r1)
    lines = [
        (
            stood.name,
            *(f"{stood.r1[name]:.3f}" for name in names),
            f"{stood.energy_change:.3f}",
            f"{stood.valence_change:.3f}",
        )
        for stood in report.robustness
    ]
    counts = ", ".join(f"{name} {count}" for name, count in report.robustness[0].queries.items())
    header = ("alteration", *(f"R@1 {name}" for name in names), "energy change", "valence change")
    return f"""## Does an altered copy find its original, and keep its attributes?

{table(header, lines)}
![Robustness](robustness.png)

The altered whole track asks, all unaltered tracks answer. Copies that asked: {counts}.
Files are decoded anew where the copy's windows lie, and altered at their own rate and channels: MP3 of 64 kbit/s,
constant; the tilt turns about {TILT_PIVOT:.0f} Hz; Butterworth low-pass of order 8; white noise 20 dB below the track's
RMS; speed changes tempo and pitch together; pitch is shifted by a phase vocoder on the mono mix; the lead-in is silence
before the track, so every window moves.
Changes of the attributes are mean absolute ones, on a scale of 0 to 1.
"""


def _moods(report: Report) -> str:
    sections = "\n".join(map(_one_mood, report.mood))
    return f"""## Is battle music told from calm music?

By file names: {", ".join(AGITATED_WORDS)} against
{", ".join(CALM_WORDS)}, anywhere in the name. The words were chosen by reading the names, before any figure was
computed. AUC of the energy attribute; of the difference in similarity to the nearest agitated and calm tracks of
*other* soundtracks; and of loudness alone, the cheat to guard against. "Equal loudness": each window brought to one RMS
level by itself.

{sections}"""


def _one_mood(mood: Mood) -> str:
    agitated, calm = ", ".join(mood.agitated) or "none", ", ".join(mood.calm) or "none"
    names = f"**{mood.name}**: {len(mood.agitated)} agitated ({agitated}), {len(mood.calm)} calm ({calm})."
    if not mood.areas:
        return f"{names}\nOne side has no tracks: not measured.\n"
    return f"{names}\n\n{table(('told by', 'AUC'), [(name, str(area)) for name, area in mood.areas.items()])}"


def _direction(report: Report) -> str:
    if not report.direction:
        return "## Do attributes move the right way?\n\nNot measured in this run.\n"
    found = report.direction
    return f"""## Do attributes move the right way?

{found.pairs} synthesised pieces of varied tempo, key, mode, timbre and percussion, each with one thing changed.
Tempo × 1.3: energy rises in {found.faster:.1%}. Major to minor: valence falls in {found.minor:.1%}. 6 dB louder:
neither moves by .01 in {found.louder:.1%}.
"""


def _even(report: Report) -> str:
    lines = [(row.name, f"{row.n10_skew:.2f}", f"{row.never_recommended:.1%}") for row in report.rows]
    return f"""## Is every track recommended?

{table(("representation", "N10 skew", "never recommended"), lines)}
![How often tracks are recommended](hubness.png)

N10: how often a whole track is among the 10 nearest of another. 0 skew is even; above about 1, a few tracks crowd
everybody's results.
"""


def _faithful(report: Report) -> str:
    found, same = report.fidelity, report.determinism
    lines = []
    if found:
        lines.append(
            f"Fidelity: cosine of the teachers' half-whitened features and the encoder's guess of them "
            f"{found.cosine:.3f}; correlation of the similarities of all pairs {found.similarity_correlation:.3f} (the "
            f"embedding's space is another on purpose), and of each tag over tracks {found.tag_correlation:.3f} (mean "
            "of 100)."
        )
    if same:
        lines.append(
            f"Determinism, least cosine: one or two threads {same.threads:.7f}; alone or in a batch {same.batch:.7f}; "
            f"after a restart {same.restart:.7f}."
        )
    lines.append("Tempo, key and loudness of windows against those of the full length: [agreement](agreement.md).")
    return "## Is it faithful, and always the same?\n\n" + "\n\n".join(lines) + "\n"
