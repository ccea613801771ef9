"""The tables of an export: their columns, and the rows that belong to them."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from services.catalog.exports import Rows, Selected, Snapshot
from services.domain.track import EMBEDDING_DIM
from services.export.columns import MODEL_VERSION, TRACK_ID, Column, ColumnType, measured, own_column

PSEUDONYM_LETTERS = 16


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table: its columns in the order of the rows that `read` yields."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    read: Callable[[Snapshot, Selected], Iterator[Rows]]
    listener: str | None = None
    """The column that names a person."""
    personal: frozenset[str] = frozenset()
    """Other columns of text that may tell who a person is."""
    dimension: int = EMBEDDING_DIM
    """Length of the vectors, if it has any."""

    def at(self, snapshot: Snapshot) -> "ExportTable":
        """Return the table as it is in a snapshot: `features` has a column for each own feature."""
        if self.name != FEATURES.name:
            return replace(self, dimension=snapshot.dimension)
        own = tuple(own_column(name, type_) for name, type_ in snapshot.own_features().items())
        return replace(self, columns=(*self.columns, *own))

    def rows(self, snapshot: Snapshot, selected: Selected, pseudonyms: "Pseudonyms | None") -> Iterator[Rows]:
        """Yield batches of rows; with `pseudonyms`, codes replace the names of listeners and other personal texts."""
        replaced = [column.name == self.listener or column.name in self.personal for column in self.columns]
        if pseudonyms is None or not any(replaced):
            yield from self.read(snapshot, selected)
            return
        for batch in self.read(snapshot, selected):
            yield [
                tuple(pseudonyms.of(value) if hide else value for value, hide in zip(row, replaced, strict=True))
                for row in batch
            ]


class Pseudonyms:
    """Codes that only the owner of the key can trace back to texts; a listener has the same one in all tables."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"segue.export.pseudonyms" + key).digest()

    def of(self, text: str | None) -> str | None:
        """Return the code of the name of a listener, or of another text."""
        if text is None:
            return None
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:PSEUDONYM_LETTERS]


def _text(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.TEXT, meaning)


def _texts(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.TEXTS, meaning)


def _integer(name: str, meaning: str, unit: str | None = None) -> Column:
    return Column(name, ColumnType.INTEGER, meaning, unit)


def _moment(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.MOMENT, meaning)


LISTENER = _text("listener", "Name of the listener")

TRACKS = ExportTable(
    "tracks",
    "Every track with its names, its first file and its ids",
    (
        TRACK_ID,
        _text("title", "Title"),
        _text("artist", "Artists as one text"),
        _text("album", "Album"),
        _text("album_artist", "Artists of the album as one text"),
        _text("composer", "Composer"),
        _integer("year", "Year of release"),
        _integer("original_year", "Year of the first release"),
        _integer("disc_number", "Number of the disc"),
        _integer("track_number", "Number on the disc"),
        Column("compilation", ColumnType.FLAG, "Whether the tags call the album a compilation"),
        _integer("duration_ms", "Length", "ms"),
        Column("tag_bpm", ColumnType.NUMBER, "Tempo in the tags", "beats per minute"),
        _text("tag_key", "Key in the tags"),
        Column("rating", ColumnType.NUMBER, "Rating in the tags", range=(0, 1)),
        Column("replay_gain", ColumnType.NUMBER, "ReplayGain of the track", "dB"),
        _text("fragment", "Kind of a track that is no piece of music, such as `intro`"),
        _text("status", "`pending`, `ready`, `failed`, `quarantined` or `missing`"),
        _moment("added_at", "When it was added"),
        _moment("analysed_at", "When it was last analysed"),
        _texts("artists", "Artists, one by one"),
        _texts("genres", "Genres, one by one"),
        _texts("ids", "External ids, each as `namespace:value`"),
        _text("path", "Path of its first file, relative to `root`"),
        _text("root", "Library folder of that file"),
        _text("format", "Suffix of that file, without the dot"),
        _integer("size", "Size of that file", "bytes"),
        _integer("files", "Number of its files"),
        _texts("libraries", "Ids of the libraries that contain its files"),
    ),
    Snapshot.tracks,
)

FEATURES = ExportTable(
    "features",
    "What the analysis of each track measured, and a column for each own feature, such as `mine.energy`",
    (
        TRACK_ID,
        MODEL_VERSION,
        *measured(),
        Column("tags", ColumnType.STRENGTHS, "Tags that the encoder predicts, each with its strength", range=(0, 1)),
    ),
    Snapshot.features,
)

EMBEDDINGS = ExportTable(
    "embeddings",
    "The place of each analysed track in the vibe space of its model version",
    (TRACK_ID, MODEL_VERSION, Column("embedding", ColumnType.VECTOR, "Vector of unit length", range=(-1, 1))),
    Snapshot.embeddings,
)

LISTENS = ExportTable(
    "listens",
    "Every listen event",
    (
        _integer("listen_id", "Id of the event"),
        LISTENER,
        _text("track_id", "Id of the track; null while the library has no such track"),
        _text("kind", "`play`, `skip`, `like`, `dislike` or `ban`"),
        _moment("happened_at", "When it happened; null if the time is unknown"),
        _integer("played_ms", "How long the track was played", "ms"),
        _text("artist", "Artist as the player reports it"),
        _text("title", "Title as the player reports it"),
        _text("album", "Album as the player reports it"),
        _integer("duration_ms", "Length as the player reports it", "ms"),
        _integer("undated_plays", "Number of plays that the row stands for if their times are unknown"),
    ),
    Snapshot.listens,
    listener="listener",
)

VERDICTS = ExportTable(
    "verdicts",
    "The latest verdict of each listener on each track",
    (LISTENER, TRACK_ID, _text("verdict", "`like`, `dislike` or `ban`"), _moment("given_at", "When it was given")),
    Snapshot.verdicts,
    listener="listener",
)

PLAYLISTS = ExportTable(
    "playlists",
    "The entries of playlists; a playlist without entries has one row without a track",
    (
        _text("playlist_id", "Id of the playlist"),
        _text("name", "Name of the playlist"),
        _text("owner", "Listener that owns it; null if nobody does"),
        Column("smart", ColumnType.FLAG, "Whether rules fill it"),
        _moment("updated_at", "When the playlist was last changed"),
        _integer("position", "Place of the entry"),
        _text("track_id", "Id of the track"),
        _moment("added_at", "When the entry was added"),
    ),
    Snapshot.playlists,
    listener="owner",
    personal=frozenset({"name"}),
)

RECOMMENDATIONS = ExportTable(
    "recommendations",
    "The tracks of logged answers, each with the first listen that followed",
    (
        _text("recommendation_id", "Id of the answer"),
        _moment("given_at", "When the answer was given"),
        _text("kind", "`recommendations`, `similar`, `radio` or `playlist`"),
        LISTENER,
        _text("session", "Id of the radio session"),
        MODEL_VERSION,
        _integer("ranking_version", "Version of the ranking"),
        _text("experiment", "Experiment that the answer took part in"),
        _text("variant", "Its variant"),
        _integer("rank", "Place of the track in the answer, from 1"),
        TRACK_ID,
        Column("score", ColumnType.NUMBER, "Cosine similarity to the taste or seed", range=(-1, 1)),
        _text("reason", "Strongest reason: a track id, or `words:…`, `mood:…`, `picture:…` or `artist:…`"),
        _integer("taste", "Index of the taste, or number of the direction in the radio session"),
        Column(
            "propensity",
            ColumnType.NUMBER,
            "Probability with which the ranking chose the track for its place; 1 without exploration",
            range=(0, 1),
        ),
        _integer("listen_id", "Id of the first listen that followed; null if none did"),
        _text("outcome", "Its kind: `play`, `skip`, `like`, `dislike` or `ban`"),
        _integer("played_ms", "How long the track was played", "ms"),
    ),
    Snapshot.recommendations,
    listener="listener",
    personal=frozenset({"session"}),
)

COMPARISONS = ExportTable(
    "comparisons",
    "The answers of blind comparisons",
    (
        _text("comparison_id", "Id of the comparison"),
        LISTENER,
        TRACK_ID,
        _text("segue_id", "Id of the track that Segue finds"),
        _text("baseline_id", "Id of the track that it is compared with"),
        _text("baseline", "`genre` or `model`"),
        MODEL_VERSION,
        _text("other_version", "The other model version, with the baseline `model`"),
        Column("segue_first", ColumnType.FLAG, "Whether Segue's track was shown as A"),
        _text("preferred", "`segue`, `baseline` or `same`"),
        _moment("answered_at", "When the answer was given"),
    ),
    Snapshot.comparisons,
    listener="listener",
)

FAILURES = ExportTable(
    "failures",
    "Tracks, pictures and other files that cannot be used",
    (
        _text("subject", "`track`, `picture` or `file`"),
        _text("path", "Path of the file"),
        _text("kind", "Kind of the failure, such as `damaged`"),
        _text("reason", "Why it failed"),
        _integer("attempts", "Number of attempts"),
        _moment("failed_at", "When it failed"),
    ),
    Snapshot.failures,
)

_ALL = (TRACKS, FEATURES, EMBEDDINGS, LISTENS, VERDICTS, RECOMMENDATIONS, PLAYLISTS, COMPARISONS, FAILURES)
TABLES = {each.name: each for each in _ALL}
