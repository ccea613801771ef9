"""What is written about a track: its tempo, key and mood, where the measurement is sure enough."""

from collections.abc import Collection
from dataclasses import dataclass, fields

from services.catalog.files import MeasuredFile
from services.domain.notation import Notation, key_text

HIGH, LOW = 0.6, 0.4  # of energy and valence; between them lies no clear mood


@dataclass(frozen=True, slots=True)
class Values:
    """Texts to write; None writes nothing."""

    bpm: str | None = None
    key: str | None = None
    mood: str | None = None

    def __bool__(self) -> bool:
        """Return whether there is something to write."""
        return any(self.as_dict())

    def as_dict(self) -> dict[str, str]:
        """Return the texts that are there, by field."""
        return {each.name: text for each in fields(self) if (text := getattr(self, each.name))}

    def only(self, names: Collection[str]) -> "Values":
        """Return the values of some fields."""
        return Values(**{name: text for name, text in self.as_dict().items() if name in names})


@dataclass(frozen=True, slots=True)
class Choice:
    """Which values are written, and how.

    Attributes:
        fields: Names of fields of `Values`.
        notation: Of the key.
        min_confidence: Of the measurement, 0 to 1; values below it are left out.
        overwrite: Whether values that the file has are replaced.
        keep_time: Whether the file keeps its modification time. Backups and other programs then miss the change if
            the size is the same too.
    """

    fields: frozenset[str]
    notation: Notation = Notation.NAME
    min_confidence: float = 0.0
    overwrite: bool = False
    keep_time: bool = False

    def values_of(self, file: MeasuredFile) -> Values:
        """Return what is to be written about a track."""
        found = {
            "bpm": bpm_text(file, self.min_confidence),
            "key": key_of(file, self.notation, self.min_confidence),
            "mood": mood_of(file.energy, file.valence),
        }
        return Values(**{name: text for name, text in found.items() if name in self.fields})


def bpm_text(file: MeasuredFile, min_confidence: float = 0.0, digits: int = 0) -> str | None:
    """Return the tempo in beats per minute; in tags it is a whole number, as ID3 and MP4 require."""
    if not file.tempo or (file.tempo_confidence or 0) < min_confidence:
        return None
    return f"{file.tempo:.{digits}f}"


def key_of(file: MeasuredFile, notation: Notation, min_confidence: float = 0.0) -> str | None:
    """Return the key; None if no tonic dominates or the measurement is not sure enough."""
    if file.key is None or file.mode is None or file.key < 0:
        return None
    if min(file.key_confidence or 0, file.mode_confidence or 0) < min_confidence:
        return None
    return key_text(file.key, file.mode, notation)


def mood_of(energy: float | None, valence: float | None) -> str | None:
    """Return the mood in words, such as "energetic, happy"; None if neither energy nor valence is clear."""
    words = [
        high if value >= HIGH else low
        for value, high, low in ((energy, "energetic", "calm"), (valence, "happy", "sad"))
        if value is not None and not LOW < value < HIGH
    ]
    return ", ".join(words) or None
