"""A catalogue of a few names for tests of the grammar, and understood texts as one line."""

from services.catalog.names import NamedTrack
from services.domain.names import keys_of_credit, text_key
from services.domain.track import Embedded
from services.words.understand import understand

ARTISTS = ("AC/DC", "Beyoncé", "Billie Holiday", "Elvis", "Mina", "Nirvana", "The Beatles", "椎名林檎", "周杰伦")
TRACKS = (
    ("moon", "Blue Moon", "Billie Holiday"),
    ("cover", "Blue Moon", "Elvis"),
    ("cry", "No Woman No Cry", "Bob Marley"),
    ("night", "夜に駆ける", "YOASOBI"),
    ("sunny", "晴天", "周杰伦"),
    ("come", "Come Together", "The Beatles"),
)
MEASURED = {
    "tempo": 100.0,
    "energy": 0.5,
    "valence": 0.4,
    "danceability": 0.5,
    "acousticness": 0.5,
    "loudness": -12.0,
    "year": 1990.0,
    "duration_ms": 200_000.0,
}


class NamedCatalogue:
    """The names of a small library; it counts the look-ups."""

    def __init__(self):
        self.lookups = 0

    def artists_named(self, keys):
        self.lookups += 1
        return {text_key(artist): (artist,) for artist in ARTISTS if text_key(artist) in keys}

    def titled(self, keys):
        self.lookups += 1
        found = {}
        for track_id, title, artist in TRACKS:
            if text_key(title) in keys:
                found.setdefault(text_key(title), []).append(
                    NamedTrack(track_id, title, artist, keys_of_credit([artist], title))
                )
        return {key: tuple(tracks) for key, tracks in found.items()}

    def by_artists(self, keys, count):
        return [f"{key} {number}" for key in keys for number in range(2)][:count]

    def embedded(self, track_ids, *, measured=False):
        return {each: Embedded(each, None, each, measured=MEASURED if measured else {}) for each in track_ids}


def summary(text):
    """Return what is understood of a text as one line; warnings are left out."""
    understood = understand(text, NamedCatalogue())
    parts = [f"{name} {_shown(wanted)}" for name, wanted in sorted(understood.filters.ranges.items())]
    parts += [f"{name} = {', '.join(values)}" for name, values in understood.filters.any_of.items()]
    parts += [f"{name} ≠ {', '.join(values)}" for name, values in understood.filters.none_of.items()]
    parts += [f"target {name} {value:g}" for name, value in understood.targets.items()]
    parts += [f"like {', '.join(understood.like)}"] if understood.like else []
    parts += [f"less {', '.join(understood.less)}"] if understood.less else []
    parts += [f"rest {understood.rest}"] if understood.rest else []
    return "; ".join(parts)


def _shown(wanted):
    if wanted.min is None:
        return f"≤ {wanted.max:g}" if wanted.max < 10_000 else f"≤ {wanted.max:.0f}"
    if wanted.max is None:
        return f"≥ {wanted.min:g}" if wanted.min < 10_000 else f"≥ {wanted.min:.0f}"
    return f"= {wanted.min:g}" if wanted.min == wanted.max else f"{wanted.min:.10g} – {wanted.max:.10g}"
