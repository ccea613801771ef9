"""Words in a question: their filters and targets join those of the request, and their rest becomes vectors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TypeVar

from services.catalog.tracks import TrackStore
from services.domain.errors import InvalidRequest
from services.domain.filters import Filters, Range, keyword_keys
from services.domain.question import Question
from services.domain.track import Vector
from services.domain.words import TextEmbedder, Understood, VectorKind, WeightedText, WeightedVector, Words
from services.telemetry.stages import Part, recommendation_part
from services.words.moods import mood_named, with_mood

NOT_UNDERSTOOD = "“{text}” was not understood and is ignored. Describe music in one of the supported languages."
NEGATIVE_FACTS = "Filters and targets of a text with a negative weight are ignored."
SOFTENED = "Only {count} tracks match with {name} {wanted}, so it is preferred but not required."
REPLACED = "The request's {name} ({explicit}) replaces {name} ({own}) of “{text}”."

Value = TypeVar("Value")
Understand = Callable[[str, TrackStore, Sequence[str]], Understood]


class LazyEmbedder:
    """Loads an embedder at its first text, so that the API starts without waiting for it."""

    def __init__(self, load: Callable[[], TextEmbedder]) -> None:
        self._load = load
        self._lock = Lock()
        self._loaded: TextEmbedder | None = None

    @property
    def version(self) -> str | None:
        """The model version of the space of the texts."""
        return self._get().version

    def embed(self, text: str) -> Vector | None:
        """Return the unit vector of a text, or None if the text is not understood."""
        return self._get().embed(text)

    def _get(self) -> TextEmbedder:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
        return self._loaded


class WordReader:
    """Understands the texts of questions."""

    def __init__(self, tracks: TrackStore, embedder: TextEmbedder, understand: Understand) -> None:
        self._tracks = tracks
        self._embedder = embedder
        self._understand = understand

    @recommendation_part(Part.WORDS)
    def read(
        self,
        question: Question,
        texts: Sequence[Words | WeightedText],
        mood: str | None = None,
        playing: Sequence[str] = (),
    ) -> Question:
        """Return the question with these texts and a mood: with their filters, targets and vectors, and with warnings.

        A text that a client has edited is a `WeightedText`, which is not read again. Texts have precedence over the
        mood. Words such as "calmer", in a text without an example, are relative to the tracks that play.

        Raises:
            InvalidRequest: two texts contradict each other.
            UnknownMood: the mood preset does not exist.
        """
        conditions = _Conditions(question)
        vectors = list(question.vectors)
        words = list(question.words)
        for text in texts:
            weighted = text if isinstance(text, WeightedText) else self._read(text, playing)
            embedded, weighted = self._embedded(weighted)
            vectors += embedded
            words.append(conditions.add(weighted))
        filters, targets = conditions.filters(), conditions.targets()
        read = replace(question, words=tuple(words), vectors=tuple(vectors), filters=filters, targets=targets)
        return read if mood is None else with_mood(read, mood_named(mood), self._embedder)

    def _read(self, words: Words, playing: Sequence[str]) -> WeightedText:
        understood = self._understand(words.text, self._tracks, playing)
        read = WeightedText(understood, words.weight)
        if not understood.is_empty or understood.warnings:
            return read
        return with_warnings(read, [NOT_UNDERSTOOD.format(text=understood.text)])  # such as "!!!"

    def _embedded(self, read: WeightedText) -> tuple[list[WeightedVector], WeightedText]:
        """Return the vectors of a text, and the text with warnings for the phrases that were not understood."""
        understood, phrases = read.understood, [*read.understood.less]
        weights = [-read.weight] * len(phrases)
        if understood.rest is not None:
            phrases.insert(0, understood.rest)
            weights.insert(0, read.weight)
        vectors, unclear = [], []
        for phrase, weight in zip(phrases, weights, strict=True):
            vector = self._embedder.embed(phrase)
            if vector is None:
                unclear.append(phrase)
            else:
                vectors.append(WeightedVector(phrase, tuple(vector.tolist()), weight, VectorKind.WORDS))
        warnings = (*understood.warnings, *(NOT_UNDERSTOOD.format(text=phrase) for phrase in unclear))
        rest = None if understood.rest in unclear else understood.rest
        less = tuple(phrase for phrase in understood.less if phrase not in unclear)
        return vectors, replace(read, understood=replace(understood, rest=rest, less=less, warnings=warnings))


@dataclass(slots=True)
class _Conditions:
    """Filters and targets of a question and of its texts. Those of the request have precedence."""

    question: Question
    added: Filters = field(default_factory=Filters)
    sources: dict[str, str] = field(default_factory=dict)
    """The text that each added field comes from."""
    aims: dict[str, float] = field(default_factory=dict)

    def add(self, read: WeightedText) -> WeightedText:
        """Add the filters and targets of a text, and return the text with warnings for what is ignored.

        Raises:
            InvalidRequest: it contradicts an earlier text.
        """
        understood = read.understood
        facts, warnings = understood.filters, list[str]()
        if read.weight <= 0:
            if facts != Filters() or understood.targets:
                warnings.append(NEGATIVE_FACTS)
            return with_warnings(read, warnings)
        ranges, any_of = dict(self.added.ranges), dict(self.added.any_of)
        for name, wanted in facts.ranges.items():
            if (explicit := self.question.filters.ranges.get(name)) and _overlap(explicit, wanted) is None:
                warnings.append(_replaced(name, _as_text(explicit), _as_text(wanted), understood.text))
                continue
            both = _overlap(ranges.get(name, Range()), wanted)
            ranges[name] = self._agreed(name, understood.text, both)
        for name, values in facts.any_of.items():
            if not (allowed := self._allowed(name, values)):
                explicit_values = self.question.filters.any_of.get(name)
                shown = ", ".join(explicit_values) if explicit_values else f"not {', '.join(self._unwanted(name))}"
                warnings.append(_replaced(name, shown, ", ".join(values), understood.text))
                continue
            common = _common(name, any_of[name], allowed) if name in any_of else allowed
            any_of[name] = self._agreed(name, understood.text, common or None)
        self._aim(understood, warnings)
        none_of = _joined(self.added.none_of, facts.none_of)
        self.added = Filters(ranges, any_of, none_of, self.added.or_unknown | facts.or_unknown)
        return with_warnings(read, warnings)

    def filters(self) -> Filters:
        """Return the filters of the request and of the texts together."""
        own = self.question.filters
        ranges = dict(own.ranges)
        for name, wanted in self.added.ranges.items():
            ranges[name] = _overlap(own.ranges.get(name, Range()), wanted) or wanted
        none_of = _joined(own.none_of, self.added.none_of)
        or_unknown = own.or_unknown | (self.added.or_unknown - own.ranges.keys())
        return Filters(ranges, {**own.any_of, **self.added.any_of}, none_of, or_unknown)

    def targets(self) -> dict[str, float]:
        """Return the targets of the request and of the texts together."""
        return {**self.aims, **self.question.targets}

    def _aim(self, understood: Understood, warnings: list[str]) -> None:
        for name, value in understood.targets.items():
            earlier = self.question.targets.get(name, self.aims.get(name))
            if earlier is None:
                self.aims[name] = value
            elif earlier != value:
                warnings.append(f"The target {name} {earlier:g} replaces {value:g} of “{understood.text}”.")

    def _agreed(self, name: str, text: str, value: Value | None) -> Value:
        if value is None:
            raise InvalidRequest(
                f"“{self.sources.get(name, text)}” and “{text}” contradict each other: no {name} meets both."
            )
        self.sources[name] = text
        return value

    def _allowed(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return the values that the request's own filters and exclusions allow."""
        explicit = self.question.filters.any_of.get(name)
        unwanted = {key for each in self._unwanted(name) for key in keyword_keys(name, each)}
        wanted = _common(name, explicit, values) if explicit else values
        return tuple(each for each in wanted if unwanted.isdisjoint(keyword_keys(name, each)))

    def _unwanted(self, name: str) -> tuple[str, ...]:
        artists = self.question.exclude.artists if name == "artist" else ()
        return (*self.question.filters.none_of.get(name, ()), *artists)


def with_warnings(read: WeightedText, more: Sequence[str]) -> WeightedText:
    """Return a text with more warnings; none comes twice."""
    understood = read.understood
    return replace(read, understood=replace(understood, warnings=tuple(dict.fromkeys([*understood.warnings, *more]))))


def softened(read: WeightedText, count: int) -> WeightedText:
    """Return a text whose relative ranges, which `count` tracks meet, are targets, with a warning for each."""
    understood, warnings = read.understood, list[str]()
    ranges, targets = dict(understood.filters.ranges), dict(understood.targets)
    for name, relative in understood.relative.items():
        if (stated := ranges.pop(name, None)) is None:
            continue
        low = None if stated.min == relative.min else stated.min
        high = None if stated.max == relative.max else stated.max
        if (low, high) != (None, None):
            ranges[name] = Range(low, high)  # such as that of "under 160 bpm"
        end = relative.max if relative.min is None else relative.min
        if end is not None:
            targets.setdefault(name, end)
        warnings.append(SOFTENED.format(count=count, name=name, wanted=_as_text(relative)))
    filters = replace(understood.filters, ranges=ranges)
    preferred = replace(understood, filters=filters, targets=targets, relative={})
    return with_warnings(replace(read, understood=preferred), warnings)


def _replaced(name: str, explicit: str, own: str, text: str) -> str:
    return REPLACED.format(name=name, explicit=explicit, own=own, text=text)


def _overlap(one: Range, other: Range) -> Range | None:
    """Return the range that both allow; None if there is none."""
    lows = [end for end in (one.min, other.min) if end is not None]
    highs = [end for end in (one.max, other.max) if end is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else Range(low, high)


def _as_text(wanted: Range) -> str:
    if wanted.max is None:
        return f"at least {wanted.min:g}"
    return f"at most {wanted.max:g}" if wanted.min is None else f"{wanted.min:g} to {wanted.max:g}"


def _common(name: str, one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    keys = {key for value in one for key in keyword_keys(name, value)}
    return tuple(value for value in other if not keys.isdisjoint(keyword_keys(name, value)))


def _joined(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: (*one.get(name, ()), *other.get(name, ())) for name in (*one, *other)}
