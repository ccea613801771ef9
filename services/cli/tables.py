"""Tables of the commands. They fit the terminal: names are shortened, and ids are abbreviated as git does it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from segue_client.models import Track

GAP = 2
"""Spaces between columns."""

ID_LENGTH = 8
"""Characters of an id that are shown, or more where two ids of a table begin alike."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        cells: One text for each row.
        weight: Its share of the width if not all columns fit; longer texts are cut. 0: it is as wide as its texts.
        wraps: Whether longer texts continue on the next line instead.
    """

    title: str
    cells: Sequence[str]
    weight: int = 0
    wraps: bool = False

    @property
    def width(self) -> int:
        """The number of terminal cells that its longest text takes."""
        return max(map(cell_len, (self.title, *self.cells)))


def table_of(columns: Sequence[Column], width: int) -> Table:
    """Return a table for a terminal of this width."""
    table = Table(box=None, pad_edge=False)
    for column, column_width in zip(columns, _widths(columns, width), strict=True):
        table.add_column(
            column.title,
            width=column_width,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, map(printable, row)))
    return table


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Return the width of each column: columns with a weight share what the others leave.

    None is wider than its texts, or narrower than its heading.
    """
    widths = [column.width for column in columns]
    free = width - GAP * (len(columns) - 1) - sum(column.width for column in columns if not column.weight)
    weights = {place: column.weight for place, column in enumerate(columns) if column.weight}
    while weights:
        unit = max(free, 0) / sum(weights.values())
        fitting = [place for place, weight in weights.items() if widths[place] <= unit * weight]
        narrow = [place for place, weight in weights.items() if cell_len(columns[place].title) > unit * weight]
        if not fitting and not narrow:
            return [max(1, int(unit * weights[place])) if place in weights else w for place, w in enumerate(widths)]
        for place in fitting or narrow:
            widths[place] = widths[place] if fitting else cell_len(columns[place].title)
            free -= widths[place]
            del weights[place]
    return widths


def printable(text: str) -> str:
    """Return a text without characters that would control the terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def short_ids(ids: Sequence[str]) -> list[str]:
    """Return the first characters of each id: as many as tell these ids apart, and at least `ID_LENGTH`."""
    length = ID_LENGTH
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return [each[:length] for each in ids]


def id_column(ids: Sequence[str]) -> Column:
    """Return a column of abbreviated ids."""
    return Column("id", short_ids(ids))


def track_columns(tracks: Sequence[Track], *, with_album: bool = True) -> list[Column]:
    """Return the columns that name tracks: title, artist, and album.

    Where the names of two tracks are alike, or a track has neither artist nor album, its file is shown: in place of
    the album; without albums, in place of a missing artist or behind the title.
    """
    files = _files_where_needed(tracks, with_album=with_album)
    titles, artists = [track.title for track in tracks], [track.artist or "" for track in tracks]
    if with_album:
        places = [file or track.album or "" for file, track in zip(files, tracks, strict=True)]
        last = [Column("album or file" if any(files) else "album", places, weight=1)]
    else:
        named = list(zip(titles, artists, files, strict=True))
        titles = [f"{title} ({file})" if file and artist else title for title, artist, file in named]
        artists, last = [artist or file for _, artist, file in named], []
    return [Column("title", titles, weight=2, wraps=True), Column("artist", artists, weight=1), *last]


def _files_where_needed(tracks: Sequence[Track], *, with_album: bool) -> list[str]:
    """Return the end of each track's path that tells it from those with the same names; else an empty text."""
    names = [_shown_names(track, with_album=with_album) for track in tracks]
    shared = Counter(names)
    alike: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, track in zip(names, tracks, strict=True):
        if shared[name] > 1:
            alike[name].append(track.path or "")
    files = []
    for name, track in zip(names, tracks, strict=True):
        if name in alike:
            files.append(distinct_end(track.path or "", alike[name]))
        else:
            files.append("" if any(name[1:]) else path_end(track.path or "", 2))
    return files


def _shown_names(track: Track, *, with_album: bool) -> tuple[str, ...]:
    return track.title, track.artist or "", (track.album or "") if with_album else ""


def distinct_end(path: str, paths: Sequence[str]) -> str:
    """Return as much of the end of a path as tells it from the others."""
    others = [each for each in paths if each != path]
    longest = len(PurePosixPath(path).parts)
    enough = (n for n in range(1, longest) if not any(path_end(path, n) == path_end(each, n) for each in others))
    return path_end(path, next(enough, longest))


def path_end(path: str, number: int) -> str:
    """Return the last parts of a path."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[-number:]) if len(parts) > number else path
