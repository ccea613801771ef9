"""Pictures that go with a track, or with words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.catalog import Catalogue
from services.domain.picture import Picture
from services.domain.question import Question
from services.domain.track import Vector
from services.domain.vector_index import Query, VectorIndex
from services.domain.words import WeightedText, Words
from services.recommend.words import WordReader, with_warnings

FACTS_ONLY = "“{text}” is ignored: facts and examples do not apply to pictures. Add words that describe music."


@dataclass(frozen=True, slots=True)
class MatchedPicture:
    """A picture, and its cosine similarity to a track or to words."""

    picture: Picture
    score: float


@dataclass(frozen=True, slots=True)
class PictureMatches:
    """Pictures that go with words, best first, and what was understood of the words."""

    read: Sequence[WeightedText]
    pictures: list[MatchedPicture]


class Pictures:
    """Searches the pictures of the catalogue."""

    def __init__(self, catalogue: Catalogue, index: VectorIndex, words: WordReader) -> None:
        self._catalogue = catalogue
        self._index = index
        self._words = words

    def for_track(self, name: str, limit: int) -> list[MatchedPicture]:
        """Return the pictures that go with a track.

        Raises:
            TrackNotFound: no track has this name.
            InvalidRequest: the track has not been analysed.
        """
        return self._nearest(self._catalogue.tracks.ready([name])[name].vector, limit)

    def for_words(self, text: str | None, mood: str | None, limit: int) -> PictureMatches:
        """Return the pictures that go with a text, a mood or both; none if nothing is understood.

        Raises:
            UnknownMood: the mood preset does not exist.
        """
        question = self._words.read(Question(), [] if text is None else [Words(text)], mood)
        total = np.asarray(sum(part.weight * np.asarray(part.vector) for part in question.vectors))
        length = float(np.linalg.norm(total))
        found = self._nearest((total / length).astype(np.float32), limit) if length > 0 else []
        return PictureMatches([_with_warning(read) for read in question.words], found)

    def _nearest(self, vector: Vector, limit: int) -> list[MatchedPicture]:
        [hits] = self._index.query([Query(vector, limit)])
        known = self._catalogue.pictures.get_many([hit.id for hit in hits])
        return [MatchedPicture(known[hit.id], hit.score) for hit in hits if hit.id in known]


def _with_warning(read: WeightedText) -> WeightedText:
    """Return a text with a warning if all that was understood of it does not apply to pictures."""
    understood = read.understood
    if understood.is_empty or understood.rest is not None or understood.less:
        return read
    return with_warnings(read, [FACTS_ONLY.format(text=understood.text)])
