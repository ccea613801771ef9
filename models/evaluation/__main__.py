"""Evaluate the shipped encoder, its teachers and baselines on unseen music: `python -m models.evaluation`.

Writes `README.md`, `figures.json` and plots into `docs/evaluation`. With `--words` it evaluates words instead, and
writes `words.md` and `words.json`. With `--encoder` it prints how an encoder of another package compares.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from models import checkpoint
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.encoders.installed import source_named
from models.evaluation import baselines, page, report
from models.evaluation.direction import measure_direction
from models.evaluation.encoders import ShippedEncoder, TeacherEncoder
from models.evaluation.mood import measure_mood
from models.evaluation.other_encoder import evaluate_encoder
from models.evaluation.report import Report
from models.evaluation.representations import RepresentationBuilder
from models.evaluation.robustness import measure_determinism, measure_robustness
from models.evaluation.words import command as words

_DEFAULT_DIRECTORY = Path("docs/evaluation")
_DETERMINISM_EVERY = 16  # every 16th file is encoded repeatedly


def evaluate(tracks: Sequence[CorpusTrack], others: Sequence[CorpusTrack], cache_dir: Path, *, quick: bool) -> Report:
    """Run every test.

    Args:
        tracks: Tracks to evaluate on.
        others: `[train]` tracks, for the mood test alone: few validation tracks have a mood in their names.
        cache_dir: The corpus's cache.
        quick: Omit the teachers, mood distance, fidelity and robustness, which take long.

    Returns:
        The figures of all tests.
    """
    shipped = ShippedEncoder(cache_dir)
    teachers = None if quick else TeacherEncoder(cache_dir)
    builder = RepresentationBuilder(cache_dir, shipped, teachers)
    found = builder.build(tracks, _print_progress)
    names = teachers.tag_names if teachers else []
    first = report.report_of(found, names, shipped.card.version, shipped.card.sha256)
    return replace(
        first,
        robustness=() if quick else tuple(measure_robustness(found, builder, cache_dir, _print_progress)),
        mood=(
            measure_mood("validation packages", found.tracks, shipped),
            measure_mood("training and validation packages", [*others, *found.tracks], shipped),
        ),
        direction=measure_direction(shipped.encode_track),
        determinism=measure_determinism(shipped.encoder, [track.path for track in found.tracks[::_DETERMINISM_EVERY]]),
        notes=tuple(_notes(quick=quick)),
    )


def _notes(*, quick: bool) -> list[str]:
    notes = [
        f"{name} is omitted, because its wheel is not installed."
        for name, module in (("bliss-audio", "bliss_audio"), ("musly", "pymusly"))
        if not baselines.installed(module)
    ]
    if quick:
        notes.append("This is a quick run without teachers, mood distance, fidelity and robustness.")
    return notes


def _print_progress(line: str) -> None:
    sys.stderr.write(line + "\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=report.COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="corpus cache; default: %(default)s")
    parser.add_argument("--to", type=Path, default=_DEFAULT_DIRECTORY, help="output directory; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="omit teachers and robustness, for development")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every N-th track, for development")
    parser.add_argument("--update-card", action="store_true", help="write the figures into the model card")
    parser.add_argument(
        "--encoder", metavar="NAME", help="print figures of an installed encoder, or of other weights, instead"
    )
    parser.add_argument("--words", action="store_true", help="evaluate the text tower instead of the encoder")
    parser.add_argument(
        "--compare", nargs="+", metavar="ENCODER", help="print a table of towers on these sentence encoders instead"
    )
    parser.add_argument(
        "--held-out-tower", type=Path, metavar="FOLDER", help="weights of the tower without held-out words, for --words"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate from the command line."""
    options = _options(arguments)
    torch.set_num_threads(1)
    tracks = fetch(
        packages("validation"), options.cache, lambda name, done, total: _print_progress(f"[{done}/{total}] {name}")
    )
    if options.encoder:
        found_encoder = source_named(options.encoder).load()
        chosen = tracks[:: options.every]
        sys.stdout.write(str(evaluate_encoder(found_encoder, chosen, options.cache, _print_progress)))
        return
    if options.compare:
        words.run_comparison(tracks, options.cache, options.compare)
        return
    if options.words:
        words.run(tracks, options.cache, options.to, options.held_out_tower)
        return
    others = fetch(packages("train"), options.cache)
    found = evaluate(tracks[:: options.every], others, options.cache, quick=options.quick)
    if options.every > 1:
        note = f"Only every {options.every}th track was evaluated, so the figures are not the published ones."
        found = replace(found, notes=(*found.notes, note))
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "README.md").write_text(page.page(found), encoding="utf-8")
    (options.to / "figures.json").write_text(report.as_json(found), encoding="utf-8")
    page.draw_plots(found, options.to)
    sys.stdout.write(page.retrieval_table(found) + "\n" + page.requirement_table(found))
    if options.update_card:
        checkpoint.write_card(replace(checkpoint.read_card(), metrics=report.metrics(found)))


if __name__ == "__main__":
    main()
