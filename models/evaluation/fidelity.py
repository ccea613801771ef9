"""Fidelity: how much of what the teachers hear does the student keep?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Agreement with the teachers over n tracks.

    Attributes:
        cosine: Mean cosine between the teachers' half-whitened features and the student's guess of them.
        similarity_correlation: Pearson correlation of the similarities of all pairs of tracks, by the teachers and by
            the embedding, whose space is another.
        tag_correlation: Pearson correlation over tracks, mean over the tags.
    """

    cosine: float
    similarity_correlation: float
    tag_correlation: float


def fidelity(
    guesses: FloatArray,
    teachers: FloatArray,
    embeddings: FloatArray,
    student_tags: FloatArray,
    teacher_tags: FloatArray,
) -> Fidelity:
    """Compare n tracks.

    Args:
        guesses: (n, d) unit vectors: the student's guess of the teachers' half-whitened features.
        teachers: (n, d) unit vectors: these features.
        embeddings: (n, e) unit vectors of the student.
        student_tags: (n, t), 0…1.
        teacher_tags: (n, t) of the same tags in the same order.
    """
    pairs = np.triu_indices(len(teachers), k=1)
    return Fidelity(
        cosine=float((guesses * teachers).sum(axis=1).mean()),
        similarity_correlation=_correlation((embeddings @ embeddings.T)[pairs], (teachers @ teachers.T)[pairs]),
        tag_correlation=float(
            np.mean([_correlation(*columns) for columns in zip(student_tags.T, teacher_tags.T, strict=True)])
        ),
    )


def _correlation(first: FloatArray, second: FloatArray) -> float:
    """Pearson's r; 0 where one of the two never changes, as nothing is then told."""
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
