"""The columns of exported tables: types, units and ranges."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.filters import ATTRIBUTES
from services.domain.measures import MEASURES
from services.domain.own_features import FeatureType
from services.domain.track import DESCRIPTORS


class ColumnType(StrEnum):
    """The type of a column, by its name in the documentation."""

    TEXT = "text"
    TEXTS = "list of texts"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true or false"
    MOMENT = "time in UTC"
    STRENGTHS = "map of texts to numbers"
    VECTOR = "numbers (float32), as many as the space of the encoder has dimensions"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `unit` and `range` are null where a value has none."""

    name: str
    type: ColumnType
    meaning: str
    unit: str | None = None
    range: tuple[float, float] | None = None


TRACK_ID = Column("track_id", ColumnType.TEXT, "Id of the track")
MODEL_VERSION = Column("model_version", ColumnType.TEXT, "Version of the encoder that analysed the track")

UNITS = {
    "tempo": "beats per minute",
    "loudness": "LUFS",
    "brightness": "Hz",
    "onset_rate": "onsets per second",
    "time_signature": "beats per bar",
    "duration": "s",
}
_WHOLE = ("key", "mode", "time_signature")


def measured() -> tuple[Column, ...]:
    """Return the columns of all attributes and descriptors."""
    return tuple(_measured(name) for name in (*ATTRIBUTES, *DESCRIPTORS))


_OWN = {
    FeatureType.NUMBER: ColumnType.NUMBER,
    FeatureType.FLAG: ColumnType.FLAG,
    FeatureType.TEXT: ColumnType.TEXT,
}


def own_column(name: str, type_: FeatureType) -> Column:
    """Return the column of an own feature."""
    return Column(name, _OWN[type_], "Own feature, imported with `segue import-features`")


def _measured(name: str) -> Column:
    type_ = ColumnType.INTEGER if name in _WHOLE else ColumnType.NUMBER
    if name.endswith("_confidence"):
        return Column(name, type_, f"Confidence of `{name.removesuffix('_confidence')}`", range=(0, 1))
    if name == "duration":
        return Column(name, type_, "Length of the decoded audio", UNITS[name])
    measure = MEASURES[name]
    is_bounded = name in ATTRIBUTES or name in _WHOLE
    return Column(name, type_, measure.meaning, UNITS.get(name), (measure.low, measure.high) if is_bounded else None)
