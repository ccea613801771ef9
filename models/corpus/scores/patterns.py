"""Rhythmic patterns on a grid of sixteenths: accompaniments, bass lines and drums.

Each character is a sixteenth: `.` is a rest and `-` holds the note before. In accompaniments and bass lines a digit
plays that tone of the chord, counted upwards from the root through the octaves; `?` plays a random tone, `x` the whole
chord, and `p` root, fifth and octave; a capital letter is an accent. In drums `X` is an accent, `x` a hit and `o` a
ghost note. For a metre that a pattern does not list, its 4/4 form is cut to the length of the bar.
"""

from collections.abc import Mapping

_Forms = Mapping[str, str]  # metre → pattern

ACCOMPANIMENTS: Mapping[str, _Forms] = {
    "pad": {"4/4": "x---------------", "3/4": "x-----------"},
    "half": {"4/4": "X-------x-------", "3/4": "X-------x---", "6/8": "X-----x-----"},
    "beats": {"4/4": "X--.x--.X--.x--.", "6/8": "X-.x-.X-.x-."},
    "eighths": {"4/4": "X.x.x.x.X.x.x.x."},
    "arpeggio": {"4/4": "0-1-2-3-4-3-2-1-", "3/4": "0-1-2-3-2-1-", "6/8": "0-1-2-3-2-1-"},
    "rapid": {"4/4": "0123432101234321", "3/4": "012343210123", "6/8": "012345432101"},
    "chip": {"4/4": "0120120120120120"},
    "alberti": {"4/4": "0-2-1-2-0-2-1-2-", "3/4": "0-2-1-2-1-2-", "6/8": "0-1-2-0-1-2-"},
    "rising": {"4/4": "0---1---2---3---", "3/4": "0---1---2---", "6/8": "0-----2-----"},
    "strum": {"4/4": "X---x-x-..x-x-x-", "3/4": "X---x-x-x-x-", "6/8": "X---x-X---x-"},
    "picking": {"4/4": "0-3-2-3-1-3-2-3-", "3/4": "0-2-3-2-1-2-", "6/8": "0-2-3-1-2-3-"},
    "skank": {"4/4": "....x.......x...", "3/4": "....x...x..."},
    "offbeats": {"4/4": "..x...x...x...x.", "3/4": "..x...x...x."},
    "oompah": {"4/4": "..X...X...X...X.", "3/4": "....x-..x-..", "6/8": "..x-x-..x-x-"},
    "stabs": {"4/4": "X..x..x...x..x..", "3/4": "X..x..x...x."},
    "clipped": {"4/4": "x..x.xX.x.x.xX.x"},
    "comping": {"4/4": "...x--....x---..", "3/4": "...x--..x---"},
    "montuno": {"4/4": "x.0x.x0.x.x0.x0."},
    "chug": {"4/4": "P.pp.ppp.pp.P-p-", "6/8": "P.pp.pP.pp.p"},
    "gallop": {"4/4": "P.ppP.ppP.ppP.pp", "6/8": "P.ppppP.pppp"},
    "power": {"4/4": "P-p-p-p-P-p-p-p-", "6/8": "P-p-p-P-p-p-"},
    "ring": {"4/4": "P-------------p-", "6/8": "P-----p-----"},
    "tremolo": {"4/4": "XxxxxxxxXxxxxxxx", "6/8": "XxxxxxXxxxxx"},
    "ostinato": {"4/4": "0.002.003.002.10", "3/4": "0.002.003.20", "6/8": "0.02.03.02.0"},
    "gate": {"4/4": "X.xx.xx.X.xx.xx."},
    "sparse": {"4/4": "?-------....?---", "3/4": "?-----..?---"},
    "hits": {"4/4": "X-....X-......xx", "3/4": "X-....X-..xx", "6/8": "X-....X.x..."},
}

BASS_LINES: Mapping[str, _Forms] = {
    "pedal": {"4/4": "0---------------", "3/4": "0-----------"},
    "roots": {"4/4": "0-------0-------", "3/4": "0-------2---", "6/8": "0-----0-----"},
    "rootfifth": {"4/4": "0---....2---....", "3/4": "0---........", "6/8": "0---..2---.."},
    "eighths": {"4/4": "0-0-0-0-0-0-0-0-"},
    "octaves": {"4/4": "0-3-0-3-0-3-0-3-"},
    "offbeat": {"4/4": "..0-..0-..0-..0-"},
    "sixteenths": {"4/4": "0000000000000000"},
    "rolling": {"4/4": ".000.000.000.003"},
    "walking": {"4/4": "0---?---?---?---", "3/4": "0---?---?---"},
    "funk": {"4/4": "0..03.0..2.0.3.1"},
    "reggae": {"4/4": "0-..0-1-2-..0-.."},
    "tresillo": {"4/4": "0--0--2-0--0--2-"},
    "broken": {"4/4": "0--...0...2-..0."},
    "sub": {"4/4": "0-----0-......0-"},
    "gallop": {"4/4": "0.000.000.000.00", "6/8": "0.00000.0000"},
    "wobble": {"4/4": "0-.0-.3-0-.0-.2-"},
}

KICK, SIDE, SNARE, CLAP, CLOSED_HAT, PEDAL_HAT, OPEN_HAT = 36, 37, 38, 39, 42, 44, 46
FLOOR_TOM, LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = 41, 45, 47, 50, 49, 51
TAMBOURINE, COWBELL, BONGO, CONGA, OPEN_CONGA, TIMBALE, CABASA, CLAVES = 54, 56, 60, 63, 64, 65, 69, 75

_Kit = Mapping[int, _Forms]

DRUMS: Mapping[str, _Kit] = {
    "rock": {
        KICK: {"4/4": "X.......x.x.....", "3/4": "X.....x.....", "6/8": "X.........x."},
        SNARE: {"4/4": "....X.......X...", "3/4": "....X...X...", "6/8": "......X....."},
        CLOSED_HAT: {"4/4": "X.x.X.x.X.x.X.x.", "6/8": "X.x.x.X.x.x."},
    },
    "driving": {
        KICK: {"4/4": "X.x...x.X.x...x."},
        SNARE: {"4/4": "....X.......X..o"},
        RIDE: {"4/4": "x.x.x.x.x.x.x.x."},
    },
    "metal": {
        KICK: {"4/4": "XxxxXxxxXxxxXxxx", "6/8": "XxxxxxXxxxxx"},
        SNARE: {"4/4": "....X.......X...", "6/8": "......X....."},
        CRASH: {"4/4": "X.......x.......", "6/8": "X.....x....."},
        RIDE: {"4/4": "x...x...x...x..."},
    },
    "blast": {
        KICK: {"4/4": "X.x.X.x.X.x.X.x."},
        SNARE: {"4/4": ".X.X.X.X.X.X.X.X"},
        OPEN_HAT: {"4/4": "X.x.X.x.X.x.X.x."},
    },
    "house": {
        KICK: {"4/4": "X...X...X...X..."},
        CLAP: {"4/4": "....X.......X..."},
        OPEN_HAT: {"4/4": "..x...x...x...x."},
        CLOSED_HAT: {"4/4": "x.oxx.oxx.oxx.ox"},
    },
    "techno": {
        KICK: {"4/4": "X...X...X...X..x"},
        CLOSED_HAT: {"4/4": "xxXxxxXxxxXxxxXx"},
        SIDE: {"4/4": "...x..x....x..x."},
    },
    "breakbeat": {
        KICK: {"4/4": "X.X.......XX...."},
        SNARE: {"4/4": "....X..o.o..X..o"},
        CLOSED_HAT: {"4/4": "x.x.x.x.x.x.x.x."},
    },
    "hiphop": {
        KICK: {"4/4": "X..x...x..X....."},
        SNARE: {"4/4": "....X.......X..."},
        CLOSED_HAT: {"4/4": "x.x.x.x.x.xxx.x."},
    },
    "funk": {
        KICK: {"4/4": "X.x...x...x..x.."},
        SNARE: {"4/4": "....X..o.o..X..o"},
        CLOSED_HAT: {"4/4": "XxxxXxxxXxxxXxxx"},
    },
    "reggae": {
        KICK: {"4/4": "........X......."},
        SIDE: {"4/4": "........X......."},
        CLOSED_HAT: {"4/4": "x.x.x.x.x.x.x.xx"},
    },
    "swing": {
        RIDE: {"4/4": "X...x.x.X...x.x.", "3/4": "X...x.x.x..."},
        PEDAL_HAT: {"4/4": "....x.......x...", "3/4": "....x...x..."},
        KICK: {"4/4": "o.......o.....o."},
        SNARE: {"4/4": "......o.......o."},
    },
    "brushes": {
        SIDE: {"4/4": "....x.......x...", "3/4": "....x...x...", "6/8": "......x....."},
        CABASA: {"4/4": "xoxoxoxoxoxoxoxo"},
    },
    "latin": {
        CLAVES: {"4/4": "X..X..X...X.X..."},
        CONGA: {"4/4": "x..xx...x..xx..."},
        OPEN_CONGA: {"4/4": "......xx......xx"},
        CABASA: {"4/4": "xoxoxoxoxoxoxoxo"},
        COWBELL: {"4/4": "x...x...x...x..."},
        KICK: {"4/4": "X.....X.X.....X."},
    },
    "bossa": {
        KICK: {"4/4": "X..xX..xX..xX..x"},
        SIDE: {"4/4": "x..x..x...x..x.."},
        CLOSED_HAT: {"4/4": "xoxoxoxoxoxoxoxo"},
    },
    "march": {
        KICK: {"4/4": "X...x...X...x...", "6/8": "X.....x....."},
        SNARE: {"4/4": "X.xxX.x.X.xxXxxx", "6/8": "X.x.xxX.x.x."},
        CRASH: {"4/4": "o.......o......."},
    },
    "waltz": {
        KICK: {"3/4": "X...........", "4/4": "X.......x......."},
        SIDE: {"3/4": "....x...x...", "4/4": "....x.......x..."},
    },
    "taiko": {
        FLOOR_TOM: {"4/4": "X..x..x.X..xx.x.", "3/4": "X..x..X.x.x.", "6/8": "X..x.xX..x.x"},
        LOW_TOM: {"4/4": "..x..x....x..x.x", "6/8": ".x..x..xx.x."},
        KICK: {"4/4": "X.......X.......", "6/8": "X.....X....."},
        HIGH_TOM: {"4/4": "............xxxx"},
    },
    "tribal": {
        BONGO: {"4/4": "X.x.xxx.X.x.x.xx", "6/8": "X.xx.xX.xx.x"},
        MID_TOM: {"4/4": "X.....x...X....."},
        TAMBOURINE: {"4/4": "....x.......x..."},
        TIMBALE: {"4/4": "..........x..x.."},
    },
    "bodhran": {
        FLOOR_TOM: {"4/4": "X.x.x.x.X.x.x.x.", "6/8": "X.x.xoX.x.xo"},
        TAMBOURINE: {"4/4": "....x.......x...", "6/8": "....x.....x."},
    },
    "timpani": {
        FLOOR_TOM: {"4/4": "X.......x...x.xx", "3/4": "X.......x.xx", "6/8": "X.....x...xx"},
        CRASH: {"4/4": "o..............."},
    },
    "electro": {
        KICK: {"4/4": "X.....X...x....."},
        SNARE: {"4/4": "....X.......X..."},
        CLOSED_HAT: {"4/4": "x.xxx.xxx.xxx.xx"},
        COWBELL: {"4/4": "...o......o....."},
    },
    "gated": {
        KICK: {"4/4": "X.......X......."},
        SNARE: {"4/4": "....X.......X..."},
        CLOSED_HAT: {"4/4": "x.x.x.x.x.x.x.x."},
        MID_TOM: {"4/4": "..............x."},
    },
}


def bar(forms: _Forms, metre: tuple[int, int]) -> str:
    """Return a pattern for one bar.

    Args:
        forms: Metre → pattern; contains 4/4 or the metre itself.
        metre: Numerator and denominator.

    Returns:
        One character per sixteenth of the bar.
    """
    numerator, denominator = metre
    steps = numerator * 16 // denominator
    return forms.get(f"{numerator}/{denominator}", forms["4/4"])[:steps]
