"""The page `docs/evaluation/words.md`, made from a report."""

from collections.abc import Sequence

from models.evaluation.demands import Requirement
from models.evaluation.page import markdown_table
from models.evaluation.words.areas import Areas
from models.evaluation.words.pictures import pictures_section
from models.evaluation.words.report import COMMAND, ENGLISH, Row, WordsReport, mean_share, requirements
from models.evaluation.words.searches import LESS_WEIGHT, Share
from models.evaluation.words.voices import Voices

_MISSING = "–"
_WORST = 15  # phrases that are listed
_LANGUAGES = {
    "en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "ja": "Japanese",
    "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "zh": "Chinese",
}  # fmt: skip


def requirement_table(required: Sequence[Requirement]) -> str:
    """Return the table of requirements, figures and results."""
    return markdown_table(
        ("test", "required", "measured", "result"),
        [(each.test, each.limit, f"{each.measured:.3f}", "met" if each.met else "**not met**") for each in required],
    )


def comparison_table(rows: Sequence[Row]) -> str:
    """Return one table of the main figures with a column for each scorer, for a decision between towers."""
    figures = [(row.name, _main_figures(row)) for row in rows]
    tests = list(figures[0][1])
    return markdown_table(
        ("test", *(name for name, _ in figures)),
        [(test, *(found[test] for _, found in figures)) for test in tests],
    )


def _main_figures(row: Row) -> dict[str, str]:
    others = [areas.mean for language, areas in row.phrases.items() if language != ENGLISH]
    return {
        "AUC, seen words": str(row.names),
        "AUC, words that few tracks carry": str(row.rare),
        "AUC, English paraphrases": str(row.paraphrases),
        "AUC, mean of the other languages": f"{sum(others) / len(others):.3f}",
        "AUC, worst of the other languages": f"{min(others):.3f}",
        "caption to track, R@10": str(row.captions.recall),
        "caption to track, median rank": f"{row.captions.median_rank:g}",
        "added words move the top 20": f"{mean_share(row.added):.3f}",
        "steering words move the top 20": f"{mean_share(row.steering):.3f}",
        "negations, split by the grammar": str(row.negated_parts),
        "negations, whole text in one vector": str(row.negated_texts),
        "mixed: nearer to both": str(row.mixed.both),
        "nonsense and other languages not understood": str(row.rejected),
        "supported phrases understood": str(row.understood),
    }


def page(report: WordsReport) -> str:
    """Return the whole page in Markdown."""
    tower = report.rows[-1]
    sections = (
        _introduction(report),
        _areas(report),
        _languages(report.rows),
        _captions(report),
        _steps(tower),
        _negations(report),
        _mixed(tower),
        _rejections(tower),
        pictures_section(report.pictures) if report.pictures else "",
    )
    return "\n".join(section for section in sections if section)


def _introduction(report: WordsReport) -> str:
    required = requirements(report)
    notes = "".join(f"- {note}\n" for note in report.notes)
    return f"""# Evaluation of words and pictures

Written by `{COMMAND}`; do not edit by hand. Text tower `{report.tower}` on the sentence encoder {report.sentences}
(weights {report.sha256[:12]}…), evaluated on {report.tracks} tracks of {report.soundtracks} soundtracks: the
`[validation]` packages of `models/corpus/corpus.toml`. Nothing was trained on them. The phrases, their labels and the
rules of each test are the TOML files in `models/evaluation/words/`; they were committed before the first text tower
existed, by an author who had not seen the training phrases. Settings of the training were changed after earlier runs of
this evaluation, so the figures are somewhat better than those for phrases that nobody has tried.

**No person rated these results.** The figures show agreement with the tags that musicnn, a network, gives to the
tracks, and with the author's opinion of which tags a phrase means. They do not show that a listener would agree.

Brackets contain 95 % bootstrap intervals: over texts for areas, over pairs for shares, over tracks for captions.

## Requirements

{sum(each.met for each in required)} of {len(required)} requirements are met.

{requirement_table(required)}
{notes}
## Baselines

{comparison_table(report.rows)}
- **Random** scores depend on the text only. **Keyword match** searches the text for names of tags and ranks the tracks
  by the encoder's log-odds for those that it finds: the search that a library with tags has without a text tower.
  The **untrained sentence encoder** compares the text with the names of tags by meaning and ranks in the same way.
  Both read tags that the caption test withholds from the tower, so they are not comparable there.
- A text that is not understood counts as chance: area 0.5, or no change. The baselines understand every text.
"""


def _areas(report: WordsReport) -> str:
    tower = report.rows[-1]
    kinds = list(dict.fromkeys(text.kind for text in tower.paraphrases.texts))
    by_kind = markdown_table(
        ("kind of phrase", "phrases", *(row.name for row in report.rows), "encoder's own tags, label known"),
        [
            (
                kind,
                str(len(tower.paraphrases.of_kind(kind))),
                *(_mean(row.paraphrases.of_kind(kind)) for row in report.rows),
                _mean(report.best[ENGLISH].of_kind(kind)),
            )
            for kind in kinds
        ],
    )
    return f"""## English phrases

Area under the ROC curve (AUC) of the cosine between a text and the tracks, against the tracks that the text's label is
true of. A label is one tag that a track carries (probability ≥ 0.15), or the top fifth of the tracks by a balance of
tags. The last column ranks the tracks by the encoder's own tags and the label itself, so it is the best that
words can be expected to reach.

{by_kind}
The {_WORST} phrases with the smallest areas:

{_worst(tower.paraphrases)}
Seen words are the {len(tower.names.texts)} names of tags that at least three and at most 90 % of the tracks carry.
{len(tower.rare.texts)} more names are carried by hardly any track. They are measured against the tenth of the tracks
with their greatest probabilities, without a requirement: {tower.rare}. The smallest areas of seen words:

{_worst(tower.names)}
{_held_out(report)}"""


def _held_out(report: WordsReport) -> str:
    if report.held_out is None:
        return ""
    found, rare = report.held_out.names, report.held_out.rare
    names = markdown_table(("held-out name", "AUC"), [(text.text, f"{text.value:.3f}") for text in found.texts])
    return f"""## Words that training never saw

A second text tower, for this evaluation only, was trained without the names of `held_out.toml`: every fourth name of
the alphabet. `python -m models.training.text --held-out --sentences e5 --to FOLDER` trains it, and
`--held-out-tower FOLDER` evaluates it. The {len(found.texts)} measurable ones reach {found}. The {len(rare.texts)} that
hardly any track carries reach {rare} against a tenth of the tracks.

{names}"""


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}"


def _worst(areas: Areas) -> str:
    worst = sorted(areas.texts, key=lambda text: text.value)[:_WORST]
    return markdown_table(
        ("text", "label", "AUC"),
        [(text.text, text.label, f"{text.value:.3f}" if text.understood else "not understood") for text in worst],
    )


def _languages(rows: Sequence[Row]) -> str:
    tower = rows[-1]
    lines = [
        (
            _LANGUAGES[language],
            str(len(areas.texts)),
            *(f"{row.phrases[language].mean:.3f}" for row in rows[:-1]),
            str(areas),
            str(areas.not_understood),
        )
        for language, areas in tower.phrases.items()
    ]
    return f"""## Languages

{markdown_table(("language", "phrases", *(row.name for row in rows), "not understood"), lines)}
The phrases of a language were written in it, not translated; they have the same labels. Their author is a language
model, so they are not a sample of what people type.
"""


def _captions(report: WordsReport) -> str:
    lines = [
        (row.name, str(row.captions.recall), f"{row.captions.median_rank:g}", f"{row.captions.not_understood:.3f}")
        for row in report.rows
    ]
    if report.held_out:
        found = report.held_out.captions
        lines.append(
            ("tower without those words", str(found.recall), f"{found.median_rank:g}", f"{found.not_understood:.3f}")
        )
    return f"""## From a caption to its track

{markdown_table(("search", "R@10", "median rank", "not understood"), lines)}
Three captions for each track, from held-out tags and from descriptors (brightness, onset rate, flux, mobility) in
words. R@10 is the share of captions whose track is among the ten best of {report.tracks}. The requirement applies to
the tower that was trained without these tags and descriptors.
"""


def _steps(tower: Row) -> str:
    lines = [
        (added.name, str(added), str(steering)) for added, steering in zip(tower.added, tower.steering, strict=True)
    ]
    return f"""## Added words

Share of the {tower.added[0].pairs} queries whose top 20 the words move the right way, by the mean balance of the
teachers' tags. "Added" words follow the query after a comma. "Steering" words are a second text, such as "calmer now",
whose scores are added.

{markdown_table(("words", "added", "steering"), lines)}"""


def _negations(report: WordsReport) -> str:
    parts, texts = report.rows[-1].negated_parts, report.rows[-1].negated_texts
    lines = [(share.name, str(share.pairs), str(share)) for share in (parts, texts)]
    return f"""## Negations

{markdown_table(("texts", "negations", "lower the top 20"), lines)}
The grammar splits "study music, no drums" into "study music" and "drums". {LESS_WEIGHT:g} × the nearness to the
latter is subtracted. A negation succeeds if the mean of the top 20 has less of the tag than for "study music" alone.
It counts if at least 10 % of the tracks carry the tag, or if it negates a mood. Without success:
{_listed(parts)}.

{_voices(report.voices)}"""


def _voices(found: Voices | None) -> str:
    if found is None:
        return ""
    return f""""No vocals" is a filter on instrumentalness. Synthesised speech over the music lowers it on
{found.lowered} of {found.lowered.pairs} tracks. The filter excludes {found.excluded:.3f} of the copies with speech, and
keeps {found.kept:.3f} of the tracks without.
"""


def _mixed(tower: Row) -> str:
    found = tower.mixed
    return f"""## A history with words

{found.questions} questions: five tracks of a soundtrack, with words of a mood that at most one of them has. Means and
intervals are over questions.

| top 10 for history and words | gain |
|---|---|
| nearer to the words than for the history alone, in standard deviations of the balance | {found.to_words} |
| nearer to the history than for the words alone, in cosine | {found.to_history} |
| share of the questions with both gains | {found.both} |
"""


def _rejections(tower: Row) -> str:
    rejected, understood = tower.rejected, tower.understood
    return f"""## Texts that are not understood

Of {rejected.pairs} texts without meaning or in unsupported languages, {rejected} are not understood. Understood all the
same: {_listed(rejected)}.

Of {understood.pairs} supported phrases, {understood} are understood. Not understood: {_listed(understood)}.
"""


def _listed(share: Share) -> str:
    return ", ".join(f"“{text}”" for text in share.missed) or "none"
