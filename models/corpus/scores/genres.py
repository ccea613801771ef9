"""Genres as templates of composed pieces: tempo, metre, mode, instruments and patterns.

Instruments are General MIDI programs counted from 0.
"""

from dataclasses import dataclass
from itertools import zip_longest

Metre = tuple[int, int]

_TWO, _THREE, _FOUR, _SIX = (2, 4), (3, 4), (4, 4), (6, 8)


@dataclass(frozen=True, slots=True)
class Genre:
    """Template of a genre's pieces; where an attribute has several values, each piece draws one.

    Attributes:
        name: Also the beginning of a piece's title.
        tempo: Slowest and fastest, in quarter notes per minute.
        modes: Names of scales in `melody.SCALES`.
        lead: Programs of the melody; empty for no melody.
        chords: Programs of the accompaniment.
        styles: Names in `patterns.ACCOMPANIMENTS`.
        layer: Programs of a second accompaniment.
        layer_styles: Names in `patterns.ACCOMPANIMENTS` for the second.
        bass: Programs of the bass.
        bass_lines: Names in `patterns.BASS_LINES`.
        drums: Names in `patterns.DRUMS`.
        metres: Numerators and denominators.
        density: Density of the melody's notes, 0…1.
        velocity: Velocity of the softest and of the loudest section, 1…127.
        register: Transposition of the melody in octaves.
        swing: Delay of off-beat eighths: 0 (straight) … 1 (the third note of a triplet).
        reverb: 0…127.
        sevenths: Chords have four tones.
    """

    name: str
    tempo: tuple[int, int]
    modes: tuple[str, ...]
    lead: tuple[int, ...] = ()
    chords: tuple[int, ...] = ()
    styles: tuple[str, ...] = ()
    layer: tuple[int, ...] = ()
    layer_styles: tuple[str, ...] = ("pad",)
    bass: tuple[int, ...] = ()
    bass_lines: tuple[str, ...] = ("roots",)
    drums: tuple[str, ...] = ()
    metres: tuple[Metre, ...] = (_FOUR,)
    density: float = 0.5
    velocity: tuple[int, int] = (70, 105)
    register: int = 0
    swing: float = 0.0
    reverb: int = 40
    sevenths: bool = False


_MAJOR = ("major", "mixolydian", "major pentatonic")
_MINOR = ("minor", "dorian", "minor pentatonic", "harmonic minor")
_DARK = ("phrygian", "harmonic minor", "minor")

# One argument per line would make the genres hard to compare.
# fmt: off
_ORCHESTRAL = (
    Genre(
        "orchestral-calm", (54, 84), ("major", "lydian", "dorian"), lead=(73, 68, 71, 40, 60), chords=(48, 49, 46),
        styles=("pad", "half", "rising"), layer=(46, 48, 11), layer_styles=("arpeggio", "pad"), bass=(42, 43),
        bass_lines=("pedal", "roots"), metres=(_FOUR, _THREE), density=0.25, velocity=(42, 78), reverb=80,
    ),
    Genre(
        "orchestral-battle", (124, 176), _DARK, lead=(61, 60, 57, 48), chords=(48, 44),
        styles=("ostinato", "tremolo"), layer=(61, 56, 52), layer_styles=("hits", "stabs", "half"), bass=(43, 58),
        bass_lines=("eighths", "gallop"), drums=("taiko", "timpani", "march"), metres=(_FOUR, _FOUR, _SIX),
        density=0.5, velocity=(85, 122), reverb=70,
    ),
    Genre(
        "brass-fanfare", (88, 132), _MAJOR, lead=(56, 61, 60), chords=(61, 57, 48),
        styles=("half", "stabs", "beats"), layer=(48,), layer_styles=("tremolo", "pad"), bass=(58, 43),
        bass_lines=("roots", "rootfifth"), drums=("march", "timpani"), velocity=(80, 120), reverb=64,
    ),
    Genre(
        "march", (104, 124), ("major", "minor"), lead=(56, 72, 71, 73), chords=(58, 60, 61), styles=("oompah",),
        layer=(72, 61), layer_styles=("stabs", "half"), bass=(58,), bass_lines=("rootfifth",), drums=("march",),
        metres=(_TWO, _FOUR, _SIX), density=0.6, velocity=(76, 112),
    ),
    Genre(
        "waltz", (126, 186), ("major", "minor", "harmonic minor"), lead=(40, 21, 71, 0), chords=(48, 0, 21),
        styles=("oompah",), layer=(48, 46), bass=(43, 32), bass_lines=("pedal",), drums=("waltz",),
        metres=(_THREE,), density=0.4, velocity=(58, 96), reverb=56,
    ),
    Genre(
        "strings-baroque", (80, 132), ("minor", "harmonic minor", "major"), lead=(40, 73, 6), chords=(6, 45, 48),
        styles=("alberti", "eighths", "arpeggio"), layer=(41, 48), layer_styles=("half", "eighths"), bass=(42,),
        bass_lines=("walking", "eighths"), metres=(_FOUR, _THREE), density=0.75, velocity=(58, 92), reverb=56,
    ),
    Genre(
        "choir", (56, 92), ("minor", "dorian", "major", "phrygian"), lead=(52, 53), chords=(52, 19),
        styles=("pad", "half"), layer=(48, 19, 14), layer_styles=("pad", "rising"), bass=(19, 43),
        bass_lines=("pedal",), drums=("timpani",), metres=(_FOUR, _THREE), density=0.2, velocity=(55, 100),
        reverb=100,
    ),
    Genre(
        "taiko", (84, 160), ("minor pentatonic",), lead=(77, 107, 75), layer=(52, 107),
        layer_styles=("sparse", "hits"), drums=("taiko", "tribal"), metres=(_FOUR, _SIX), density=0.3,
        velocity=(80, 124), reverb=60,
    ),
    Genre(
        "horror", (50, 88), ("phrygian", "harmonic minor"), lead=(10, 44, 98), chords=(44, 89, 95),
        styles=("pad", "tremolo"), layer=(14, 99, 92), layer_styles=("sparse",), bass=(43, 38),
        bass_lines=("pedal", "sub"), density=0.15, velocity=(45, 96), reverb=100,
    ),
)

_ACOUSTIC = (
    Genre(
        "piano-solo", (58, 112), ("major", "minor", "dorian"), lead=(0, 1), chords=(0,),
        styles=("arpeggio", "alberti", "rising", "beats"), bass=(0,), bass_lines=("pedal", "roots"),
        metres=(_FOUR, _THREE, _SIX), density=0.45, velocity=(48, 92), reverb=50,
    ),
    Genre(
        "folk-guitar", (76, 126), _MAJOR, lead=(73, 25, 22, 105), chords=(25, 24), styles=("strum", "picking"),
        layer=(24, 21), layer_styles=("picking", "pad"), bass=(32,), bass_lines=("rootfifth", "roots"),
        drums=("brushes",), metres=(_FOUR, _THREE, _SIX), velocity=(58, 92), reverb=34,
    ),
    Genre(
        "jazz-combo", (96, 188), ("dorian", "major", "mixolydian"), lead=(66, 56, 11, 65), chords=(0, 26),
        styles=("comping", "stabs"), bass=(32,), bass_lines=("walking",), drums=("swing",),
        metres=(_FOUR, _FOUR, _THREE), density=0.65, velocity=(62, 100), swing=1.0, reverb=40, sevenths=True,
    ),
    Genre(
        "fantasy-harp", (66, 108), ("lydian", "major", "dorian"), lead=(73, 75, 68), chords=(46,),
        styles=("arpeggio", "rapid", "picking"), layer=(48, 88, 52), bass=(42,), bass_lines=("pedal",),
        metres=(_FOUR, _THREE, _SIX), density=0.35, velocity=(50, 86), reverb=80,
    ),
    Genre(
        "music-box", (70, 120), ("major", "major pentatonic", "minor"), lead=(10, 9, 8), chords=(10, 11, 8),
        styles=("arpeggio", "alberti"), layer=(88, 48), metres=(_THREE, _FOUR), density=0.5, velocity=(50, 80),
        register=1, reverb=70,
    ),
    Genre(
        "celtic", (96, 138), ("dorian", "mixolydian", "major"), lead=(110, 73, 109, 21), chords=(25, 46),
        styles=("strum", "picking"), layer=(110, 109), bass=(32, 42), bass_lines=("roots", "rootfifth"),
        drums=("bodhran",), metres=(_SIX, _SIX, _FOUR), density=0.85, velocity=(68, 104), reverb=50,
    ),
    Genre(
        "desert", (78, 128), ("phrygian dominant", "phrygian", "harmonic minor"), lead=(104, 111, 68, 15),
        chords=(107, 24, 15), styles=("ostinato", "picking"), layer=(48, 91), bass=(43, 35),
        bass_lines=("broken", "pedal"), drums=("tribal",), metres=(_FOUR, _SIX), density=0.65, velocity=(62, 104),
        reverb=60,
    ),
    Genre(
        "country", (92, 168), ("major", "mixolydian"), lead=(22, 105, 110, 25), chords=(25, 105),
        styles=("strum", "oompah"), layer=(26, 16), bass=(33, 32), bass_lines=("rootfifth", "walking"),
        drums=("brushes", "rock"), metres=(_FOUR, _TWO), density=0.6, velocity=(66, 102), swing=0.3,
    ),
    Genre(
        "latin", (88, 184), ("minor", "dorian", "major"), lead=(56, 73, 0, 24), chords=(0, 24),
        styles=("montuno", "clipped"), layer=(61, 66), layer_styles=("stabs", "hits"), bass=(32, 33),
        bass_lines=("tresillo",), drums=("latin",), density=0.6, velocity=(72, 108),
    ),
    Genre(
        "bossa", (108, 146), ("major", "dorian"), lead=(24, 73, 65, 11), chords=(24, 4),
        styles=("comping", "clipped"), layer=(48, 11), layer_styles=("pad", "sparse"), bass=(32,),
        bass_lines=("tresillo", "rootfifth"), drums=("bossa",), density=0.4, velocity=(52, 84), sevenths=True,
    ),
)

_BAND = (
    Genre(
        "rock", (104, 164), ("minor", "mixolydian", "major", "minor pentatonic"), lead=(29, 30, 27, 18),
        chords=(29, 27), styles=("power", "chug", "eighths"), layer=(18, 27), layer_styles=("pad", "strum"),
        bass=(33, 34), bass_lines=("eighths", "roots"), drums=("rock", "driving"), metres=(_FOUR, _FOUR, _SIX),
        velocity=(82, 118), reverb=24,
    ),
    Genre(
        "metal", (120, 190), _DARK, lead=(30, 29, 81), chords=(30,), styles=("gallop", "chug", "ring"),
        layer=(30, 52), layer_styles=("power", "chug", "pad"), bass=(34, 33),
        bass_lines=("gallop", "sixteenths", "eighths"), drums=("metal", "blast", "driving"), density=0.7,
        velocity=(95, 125), reverb=20,
    ),
    Genre(
        "funk", (92, 124), ("dorian", "mixolydian"), lead=(66, 27, 61, 81), chords=(28, 7, 4),
        styles=("clipped", "stabs"), layer=(61, 16), layer_styles=("hits", "stabs"), bass=(36, 37, 33),
        bass_lines=("funk",), drums=("funk",), density=0.55, velocity=(74, 110), reverb=20, sevenths=True,
    ),
    Genre(
        "reggae", (66, 92), ("major", "minor", "dorian"), lead=(22, 57, 17), chords=(27, 0, 16),
        styles=("skank", "offbeats"), layer=(16, 17), layer_styles=("offbeats", "pad"), bass=(33, 38),
        bass_lines=("reggae",), drums=("reggae",), density=0.4, velocity=(66, 98), swing=0.4,
    ),
    Genre(
        "hip-hop", (70, 100), _MINOR, lead=(11, 4, 75, 80), chords=(4, 0, 48), styles=("half", "comping", "beats"),
        layer=(48, 89, 46), layer_styles=("pad", "arpeggio"), bass=(38, 33), bass_lines=("sub", "broken"),
        drums=("hiphop",), density=0.3, velocity=(68, 102), swing=0.5, sevenths=True,
    ),
)

_ELECTRONIC = (
    Genre(
        "chiptune", (112, 180), ("major", "minor", "mixolydian", "dorian"), lead=(80, 81), chords=(80, 79),
        styles=("chip", "arpeggio", "rapid"), layer=(80, 82), layer_styles=("rapid", "offbeats"), bass=(38, 39, 80),
        bass_lines=("octaves", "eighths", "tresillo"), drums=("electro", "rock", "breakbeat"), density=0.8,
        velocity=(78, 108), reverb=0,
    ),
    Genre(
        "ambient", (50, 80), ("lydian", "major pentatonic", "dorian", "minor"), lead=(88, 92, 98, 11),
        chords=(89, 88, 91, 94), styles=("pad",), layer=(95, 99, 46, 97), layer_styles=("sparse", "rising", "pad"),
        bass=(89, 39), bass_lines=("pedal",), density=0.1, velocity=(48, 80), reverb=110,
    ),
    Genre(
        "techno", (124, 150), _DARK, lead=(), chords=(81, 62, 87), styles=("stabs", "gate", "clipped"),
        layer=(90, 38, 80), layer_styles=("ostinato", "rapid", "pad"), bass=(38, 39),
        bass_lines=("rolling", "sixteenths", "wobble"), drums=("techno",), velocity=(86, 116), reverb=30,
    ),
    Genre(
        "trance", (132, 146), ("minor", "dorian"), lead=(81, 90, 62), chords=(90, 81, 62), styles=("gate", "rapid"),
        layer=(89, 91, 88), layer_styles=("pad", "rapid"), bass=(38, 39), bass_lines=("offbeat", "rolling"),
        drums=("house", "techno"), density=0.5, velocity=(82, 114), reverb=60,
    ),
    Genre(
        "house", (116, 130), ("dorian", "minor", "mixolydian"), lead=(80, 66, 4), chords=(0, 4, 16, 90),
        styles=("stabs", "offbeats", "clipped"), layer=(48, 89), bass=(38, 36),
        bass_lines=("offbeat", "octaves", "funk"), drums=("house",), density=0.3, velocity=(80, 110), sevenths=True,
    ),
    Genre(
        "breakbeat", (150, 178), _MINOR, lead=(81, 80, 4), chords=(89, 90, 4), styles=("pad", "stabs"),
        layer=(88, 98), layer_styles=("rapid", "sparse"), bass=(38, 39), bass_lines=("wobble", "sub", "broken"),
        drums=("breakbeat",), density=0.4, velocity=(82, 114), reverb=34,
    ),
    Genre(
        "synthwave", (80, 118), ("minor", "dorian", "major"), lead=(81, 80, 62), chords=(90, 89, 50),
        styles=("pad", "half", "gate"), layer=(81, 88), layer_styles=("arpeggio", "rapid"), bass=(38, 39),
        bass_lines=("octaves", "eighths", "sixteenths"), drums=("gated", "electro"), density=0.4,
        velocity=(74, 108), reverb=50,
    ),
)

# fmt: on

# The groups alternate, so that a partly rendered corpus is varied.
GENRES: tuple[Genre, ...] = tuple(
    genre for turn in zip_longest(_ORCHESTRAL, _ACOUSTIC, _BAND, _ELECTRONIC) for genre in turn if genre is not None
)
