"""Check all files of an import, then store their listens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from services.api.request_limits import LISTENS_MAX
from services.api.schemas.exports import ExportHead
from services.api.schemas.listens import ListenIn
from services.imports.entries import Tally
from services.imports.reading import Reader
from services.imports.sources import Source


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of new listens, of those that were stored before, and of those whose track is not in the library."""

    recorded: int = 0
    duplicates: int = 0
    unknown: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.recorded + other.recorded, self.duplicates + other.duplicates, self.unknown + other.unknown)


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import; `head` is what an export of Segue has besides listens."""

    counts: Counts
    tally: Tally
    head: ExportHead | None


def import_listens(
    sources: Sequence[Source],
    store: Callable[[list[ListenIn]], Counts],
    *,
    skip_invalid: bool = False,
    tell: Callable[[int, int | None], None] = lambda _, __: None,
) -> Imported:
    """Read all files once to check them, and again to store their listens in batches. Repeating it changes nothing.

    `tell` gets the number of listens so far, and the number of all once it is known.

    Raises:
        InvalidRequest: a file cannot be read or an entry of it is invalid; nothing was stored.
    """
    checked = Reader(sources, skip_invalid=skip_invalid)
    for number, _ in enumerate(checked.listens(), start=1):
        if number % LISTENS_MAX == 0:
            tell(number, None)
    reader = Reader(sources, skip_invalid=skip_invalid)
    listens, counts = reader.listens(), Counts()
    while batch := list(islice(listens, LISTENS_MAX)):
        counts += store(batch)
        tell(reader.tally.listens, checked.tally.listens)
    return Imported(counts, reader.tally, reader.head)
