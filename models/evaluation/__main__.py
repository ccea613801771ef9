"""`python -m models.evaluation`: the shipped encoder beside teachers, rivals and baselines, on unseen music."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from models import checkpoint
from models.corpus.corpus import DEFAULT_CACHE, CorpusTrack, fetch, packages
from models.evaluation import baselines, page, plots, report, trials
from models.evaluation.direction import direction
from models.evaluation.listening import Listener
from models.evaluation.report import Report
from models.evaluation.robustness import determinism
from models.evaluation.shipped import Shipped
from models.evaluation.teachers import Teachers

_DEFAULT_DIRECTORY = Path("docs/evaluation")
_DETERMINISM_EVERY = 16  # files encoded again and again: one of so many


def evaluate(tracks: Sequence[CorpusTrack], others: Sequence[CorpusTrack], cache_dir: Path, *, quick: bool) -> Report:
    """Run every test.

    Args:
        tracks: What to judge on.
        others: Tracks of `[train]`, for the moods alone: validation names hardly any.
        cache_dir: The corpus's cache.
        quick: Leave out the teachers, and what needs minutes.
    """
    shipped = Shipped(cache_dir)
    teachers = None if quick else Teachers(cache_dir)
    listener = Listener(cache_dir, shipped, teachers)
    listened = listener.listen(tracks, _say)
    names = teachers.tag_names if teachers else []
    first = report.report_of(listened, names, shipped.card.version, shipped.card.sha256)
    return replace(
        first,
        robustness=() if quick else tuple(trials.robustness(listened, listener, cache_dir, _say)),
        mood=(
            trials.mood("validation packages", listened.tracks, shipped),
            trials.mood("training and validation packages", [*others, *listened.tracks], shipped),
        ),
        direction=direction(shipped.hear),
        determinism=determinism(shipped.encoder, [track.path for track in listened.tracks[::_DETERMINISM_EVERY]]),
        notes=tuple(_notes(quick=quick)),
    )


def _notes(*, quick: bool) -> list[str]:
    notes = [
        f"{name} is left out: its wheel is not installed."
        for name, module in (("bliss-audio", "bliss_audio"), ("musly", "pymusly"))
        if not baselines.installed(module)
    ]
    if quick:
        notes.append("A quick run: teachers, feel, fidelity and robustness are left out.")
    return notes


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=report.COMMAND, description=__doc__)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="music; default: %(default)s")
    parser.add_argument("--to", type=Path, default=_DEFAULT_DIRECTORY, help="page and plots; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="without teachers and robustness, for development")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="judge each N-th track, for development")
    parser.add_argument("--update-card", action="store_true", help="write the figures into the model card")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _options(arguments)
    torch.set_num_threads(1)
    tracks = fetch(packages("validation"), options.cache, lambda name, done, total: _say(f"[{done}/{total}] {name}"))
    others = fetch(packages("train"), options.cache)
    found = evaluate(tracks[:: options.every], others, options.cache, quick=options.quick)
    if options.every > 1:
        found = replace(found, notes=(*found.notes, f"Each {options.every}th track only: not the published figures."))
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "README.md").write_text(page.page(found), encoding="utf-8")
    (options.to / "figures.json").write_text(report.as_json(found), encoding="utf-8")
    plots.draw(found, options.to)
    sys.stdout.write(page.retrieval_table(found) + "\n" + page.verdict_table(found))
    if options.update_card:
        checkpoint.write_card(replace(checkpoint.read_card(), metrics=report.metrics(found)))


if __name__ == "__main__":
    main()
