"""Evaluation of pictures: their names, their valence and energy, and the music that they lead to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from models.arrays import Float64Array
from models.evaluation.demands import Requirement
from models.evaluation.metrics import interval
from models.evaluation.page import markdown_table
from models.evaluation.words.constructed import ConstructedPicture, constructed_pictures
from models.evaluation.words.photographs import TEST, TUNING, Photograph, fetch
from models.pictures.looks import looks
from models.pictures.network import Classifier
from models.pictures.reading import MIX, Mix, PictureReading, Tower, Vector, picture_vector, read_pixels
from models.sandbox import decoder

TOP_NAMES = 5
TOP_TRACKS = 20
TIMES_CHANCE = 3.0

# Weights of looks, and of valence and energy, that are compared on the tuning photographs; what it shows has 1.
LOOKS_WEIGHTS = (0.0, 0.25, 0.5, 1.0)
FEEL_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)

_RESAMPLES = 2000
_QUANTILES = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % bootstrap interval over pictures."""

    value: float
    low: float
    high: float

    @classmethod
    def of_mean(cls, values: Sequence[float]) -> "Estimate":
        """Return the mean of values and its interval."""
        array = np.asarray(values, dtype=np.float64)
        return cls(float(array.mean()), *interval(array))

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Named:
    """A photograph, the names that the network gives it, and whether one of them is accepted."""

    photograph: Photograph
    names: tuple[str, ...]
    is_right: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """The overlap of a photograph's nearest tracks with those of its sentence, 0…1, and with those of the others."""

    photograph: Photograph
    words: str
    overlap: float
    others: float


@dataclass(frozen=True, slots=True)
class PicturesReport:
    """All figures of pictures.

    Attributes:
        named: The photographs whose subject is a class of the network.
        valence: Spearman correlation with the valence of constructed pictures.
        energy: Spearman correlation with the energy of constructed pictures.
        matched: The photographs whose sentence counts.
        parts: Part of the picture's point → overlap with that part alone.
        tuning: Weights → overlap on the tuning photographs.
        tracks: Number of tracks.
    """

    named: Sequence[Named]
    valence: Estimate
    energy: Estimate
    matched: Sequence[Matched]
    parts: Mapping[str, Estimate]
    tuning: Mapping[Mix, float]
    tracks: int

    @property
    def right(self) -> Estimate:
        """Share of photographs with an accepted name."""
        return Estimate.of_mean([each.is_right for each in self.named])

    @property
    def chance(self) -> float:
        """Overlap that random tracks have."""
        return TOP_TRACKS / self.tracks

    @property
    def overlap(self) -> Estimate:
        """Mean overlap of a photograph's tracks with its sentence's."""
        return Estimate.of_mean([each.overlap for each in self.matched])

    @property
    def others(self) -> Estimate:
        """Mean overlap of a photograph's tracks with the other sentences'."""
        return Estimate.of_mean([each.others for each in self.matched])


def measure_pictures(embeddings: Float64Array, tower: Tower, cache_dir: Path) -> PicturesReport:
    """Evaluate pictures.

    Args:
        embeddings: (n, 128) of n validation tracks.
        tower: The text tower of the same space.
        cache_dir: The corpus's cache; photographs that it lacks are downloaded.

    Raises:
        PhotographError: A photograph cannot be fetched.
        models.corpus.debian.PackageError: Likewise.
    """
    photographs, classifier = fetch(cache_dir), Classifier.load()
    tested, tuning = ([each for each in photographs if each.use == use] for use in (TEST, TUNING))
    readings = [read_photograph(each, classifier) for each in tested]
    constructed = list(constructed_pictures())
    return PicturesReport(
        named=[named(each, classifier) for each in photographs if each.names],
        valence=rank_correlation(constructed, lambda picture: (picture.valence, looks(picture.pixels).valence)),
        energy=rank_correlation(constructed, lambda picture: (picture.energy, looks(picture.pixels).energy)),
        matched=match(tested, readings, embeddings, tower),
        parts={
            name: Estimate.of_mean([each.overlap for each in match(tested, readings, embeddings, tower, mix)])
            for name, mix in _parts().items()
        },
        tuning=tune(tuning, [read_photograph(each, classifier) for each in tuning], embeddings, tower),
        tracks=len(embeddings),
    )


def tune(
    photographs: Sequence[Photograph], readings: Sequence[PictureReading], embeddings: Float64Array, tower: Tower
) -> dict[Mix, float]:
    """Return the mean overlap of photographs' tracks with their sentences' for each combination of weights.

    Args:
        photographs: Photographs whose sentence does not count.
        readings: Their readings.
        embeddings: (n, 128) of n tracks.
        tower: The text tower.
    """
    mixes = [Mix(1.0, *weights) for weights in product(LOOKS_WEIGHTS, FEEL_WEIGHTS)]
    return {
        mix: float(np.mean([each.overlap for each in match(photographs, readings, embeddings, tower, mix)]))
        for mix in mixes
    }


def _parts() -> dict[str, Mix]:
    nothing = Mix(shows=0.0, looks=0.0, feel=0.0)
    return {
        "what it shows": replace(nothing, shows=MIX.shows),
        "words for how it looks": replace(nothing, looks=MIX.looks),
        "valence and energy": replace(nothing, feel=MIX.feel),
    }


def named(photograph: Photograph, classifier: Classifier) -> Named:
    """Name what a photograph shows."""
    probabilities = classifier.probabilities(decoder.read_picture(photograph.path))
    names = tuple(classifier.classes.names[index] for index in np.argsort(-probabilities)[:TOP_NAMES])
    return Named(photograph, names, is_right=bool(set(names) & set(photograph.names)))


def read_photograph(photograph: Photograph, classifier: Classifier) -> PictureReading:
    """Read a photograph like `models.pictures.reading.read_picture`."""
    return read_pixels(decoder.read_picture(photograph.path), classifier)


def rank_correlation(
    pictures: Sequence[ConstructedPicture], pair: Callable[[ConstructedPicture], tuple[float, float]]
) -> Estimate:
    """Return Spearman's correlation of two numbers of each picture, with its interval."""
    values = np.array([pair(picture) for picture in pictures])
    drawn = np.random.default_rng(0).integers(0, len(values), size=(_RESAMPLES, len(values)))
    resampled = [spearmanr(values[rows]).statistic for rows in drawn]
    low, high = np.quantile(resampled, _QUANTILES)
    return Estimate(float(spearmanr(values).statistic), float(low), float(high))


def match(
    photographs: Sequence[Photograph],
    readings: Sequence[PictureReading],
    embeddings: Float64Array,
    tower: Tower,
    mix: Mix = MIX,
) -> list[Matched]:
    """Compare the nearest tracks of photographs with those of their sentences.

    Args:
        photographs: Photographs with a sentence.
        readings: Their readings.
        embeddings: (n, 128) of n tracks.
        tower: The text tower.
        mix: Weights of the parts of a picture's point.
    """
    by_picture = [_nearest(picture_vector(each, tower, mix), embeddings) for each in readings]
    by_sentence = [_nearest(tower.embed(each.sentence or ""), embeddings) for each in photographs]
    overlaps = np.array([[len(one & other) / TOP_TRACKS for other in by_sentence] for one in by_picture])
    others = (overlaps.sum(axis=1) - overlaps.diagonal()) / max(1, len(overlaps) - 1)
    return [
        Matched(photograph, each.words, float(overlaps[index, index]), float(others[index]))
        for index, (photograph, each) in enumerate(zip(photographs, readings, strict=True))
    ]


def _nearest(point: Vector | None, embeddings: Float64Array) -> set[int]:
    """Return the nearest tracks of a point; none if there is no point."""
    if point is None:
        return set()
    return set(np.argsort(-(embeddings @ point))[:TOP_TRACKS].tolist())


def picture_requirements(report: PicturesReport) -> list[Requirement]:
    """Return the requirements for pictures and what was measured."""
    return [
        Requirement("pictures: a right name among the top 5", report.right.value, least=0.85),
        Requirement("pictures: Spearman, valence by construction", report.valence.value, least=0.6),
        Requirement("pictures: Spearman, energy by construction", report.energy.value, least=0.6),
        Requirement(
            "picture to music: overlap with the sentence's top 20, times chance",
            report.overlap.value / report.chance,
            least=TIMES_CHANCE,
        ),
    ]


def pictures_section(report: PicturesReport) -> str:
    """Return the sections about pictures in Markdown."""
    kinds = {
        "whole photographs": [each.is_right for each in report.named if not each.photograph.cut_out],
        "subjects without a background": [each.is_right for each in report.named if each.photograph.cut_out],
    }
    names = markdown_table(
        ("pictures", "number", "a right name among the top 5"),
        [(kind, str(len(right)), str(Estimate.of_mean(right))) for kind, right in kinds.items()],
    )
    wrong = markdown_table(
        ("photograph", "accepted", "named"),
        [
            (each.photograph.title, ", ".join(each.photograph.names), ", ".join(each.names))
            for each in report.named
            if not each.is_right
        ],
    )
    parts = markdown_table(
        ("the picture's tracks by", "overlap with its sentence's tracks"),
        [
            ("all parts", str(report.overlap)),
            *((part, str(overlap)) for part, overlap in report.parts.items()),
            ("all parts, with the other photographs' sentences", str(report.others)),
            ("chance", f"{report.chance:.3f}"),
        ],
    )
    matched = markdown_table(
        ("photograph", "sentence", "words of the picture", "overlap"),
        [
            (each.photograph.title, each.photograph.sentence or "", each.words, f"{each.overlap:.2f}")
            for each in report.matched
        ],
    )
    return f"""## Pictures

The photographs and their labels are in `models/evaluation/words/pictures.toml`; their credits are written to the cache.
The labels and sentences are one author's, who looked at each picture before the network saw it.

### What they show

{names}
Those without a right name:

{wrong}
### How they look

Spearman correlation with the valence and energy of pictures that were constructed after published findings
(`models/evaluation/words/constructed.py`): valence {report.valence}, energy {report.energy}.
The reading follows some of the same studies, so this tests that it measures what it should, not that people agree.

### From a picture to music

Overlap of the {TOP_TRACKS} tracks nearest to a photograph with the {TOP_TRACKS} nearest to a sentence that a person
could write for it, among {report.tracks} tracks. The weights of the parts were chosen with other photographs.

{parts}
The same on the tuning photographs, by the weights of the words for how it looks (rows) and of valence and energy
(columns); what it shows has weight 1. In use are {MIX.looks:g} and {MIX.feel:g}.

{_tuning_table(report.tuning)}
{matched}"""


def _tuning_table(tuning: Mapping[Mix, float]) -> str:
    return markdown_table(
        ("looks", *(f"{weight:g}" for weight in FEEL_WEIGHTS)),
        [
            (f"{looks_weight:g}", *(f"{tuning[Mix(1.0, looks_weight, weight)]:.3f}" for weight in FEEL_WEIGHTS))
            for looks_weight in LOOKS_WEIGHTS
        ],
    )
