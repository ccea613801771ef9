"""Find the tracks that songs of a linked server are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.domain.external_ids import ISRC, MBID, canonical_value
from services.domain.links import Candidate, LinkedSong, MatchRule, Sought
from services.domain.names import keys_of_credit, plain_key, text_key, title_key
from services.domain.recordings import ID_TOLERANCE_MS, TOLERANCE_MS
from services.links.server import RemoteSong


@dataclass(frozen=True)
class Wanted:
    """A song by all that it is matched by."""

    song: RemoteSong

    @cached_property
    def ids(self) -> dict[MatchRule, set[tuple[str, str]]]:
        """Its MusicBrainz ids and ISRCs, by the rule that asks for them."""
        given = {
            MatchRule.RECORDING: (MBID, self.song.recording_mbids),
            MatchRule.ISRC: (ISRC, self.song.isrcs),
        }
        return {
            rule: {(namespace, canonical_value(namespace, each)) for each in values}
            for rule, (namespace, values) in given.items()
        }

    @cached_property
    def title_key(self) -> str:
        """The key of its title."""
        return title_key(self.song.title)

    @cached_property
    def artist_keys(self) -> frozenset[str]:
        """The keys of its artists, and of the whole credit."""
        return frozenset(keys_of_credit(self.song.artists, self.song.title))

    @cached_property
    def album_key(self) -> str | None:
        """The key of its album."""
        return text_key(self.song.album) or None if self.song.album else None

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The parts of its path, from the last to the first."""
        return _parts(self.song.path or "")

    def is_by(self, candidate: Candidate) -> bool:
        """Whether one of its artists is one of the track's; nobody is nobody's."""
        return not self.artist_keys.isdisjoint(candidate.artist_keys) or not (self.artist_keys or candidate.artist_keys)

    def apart(self, candidate: Candidate) -> int | None:
        """Return how much the lengths differ; None if one is unknown."""
        lengths = self.song.duration_ms, candidate.duration_ms
        return abs(lengths[0] - lengths[1]) if lengths[0] and lengths[1] else None


class Matcher:
    """Matches songs to the tracks that may be theirs."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._by_id: defaultdict[tuple[str, str], list[Candidate]] = defaultdict(list)
        self._by_size: defaultdict[int, list[Candidate]] = defaultdict(list)
        self._by_title: defaultdict[str, list[Candidate]] = defaultdict(list)
        for each in candidates:
            for name in each.ids:
                self._by_id[name].append(each)
            for size in {file.size for file in each.files}:
                self._by_size[size].append(each)
            if each.title_key:
                self._by_title[each.title_key].append(each)

    def match(self, wanted: Wanted) -> tuple[str, MatchRule] | None:
        """Return the track of a song and the rule that found it; None if no rule finds one."""
        rules = {
            MatchRule.RECORDING: self._with_ids(wanted, MatchRule.RECORDING),
            MatchRule.ISRC: self._with_ids(wanted, MatchRule.ISRC),
            MatchRule.PATH: self._with_path(wanted),
            MatchRule.NAMES: self._with_names(wanted),
        }
        for rule, found in rules.items():
            if best := min(found, key=lambda each: _misfit(wanted, each), default=None):
                return best.id, rule
        return None

    def _with_ids(self, wanted: Wanted, rule: MatchRule) -> Iterable[Candidate]:
        """Yield the tracks with an id of the song, unless the lengths say that one of the ids is wrong."""
        found = (each for name in wanted.ids[rule] for each in self._by_id.get(name, ()))
        return (each for each in found if (wanted.apart(each) or 0) <= ID_TOLERANCE_MS)

    def _with_path(self, wanted: Wanted) -> Iterable[Candidate]:
        """Yield the tracks with the song's path below any root, if size and length agree.

        The path alone is no proof: servers may tell one that they made from tags.
        """
        size = wanted.song.size
        for each in self._by_size.get(size or 0, ()) if wanted.path else ():
            apart = wanted.apart(each)
            same = any(file.size == size and _ends_alike(wanted.path, _parts(file.path)) for file in each.files)
            if same and apart is not None and apart <= TOLERANCE_MS:
                yield each

    def _with_names(self, wanted: Wanted) -> Iterable[Candidate]:
        for each in self._by_title.get(wanted.title_key, ()) if wanted.title_key else ():
            apart = wanted.apart(each)
            same = wanted.album_key == each.album_key and wanted.is_by(each)
            if same and apart is not None and apart <= TOLERANCE_MS:
                yield each


def linked(song: RemoteSong, match: tuple[str, MatchRule] | None) -> LinkedSong:
    """Return a song as the catalogue stores it."""
    track_id, rule = match or (None, None)
    return LinkedSong(
        id=song.id,
        title=song.title,
        artist=", ".join(song.artists) or None,
        album=song.album,
        duration_ms=song.duration_ms,
        track_id=track_id,
        rule=rule,
    )


def sought(songs: Iterable[Wanted]) -> Sought:
    """Return what the tracks are found by that some songs may be."""
    listed = list(songs)
    return Sought(
        ids={name for song in listed for names in song.ids.values() for name in names},
        title_keys={song.title_key for song in listed if song.title_key},
        sizes={song.song.size for song in listed if song.song.size and song.path},
    )


def _misfit(wanted: Wanted, candidate: Candidate) -> tuple[bool, bool, int, bool, str]:
    """Return how badly a track fits a song, for a choice between tracks that one rule finds."""
    other_size = all(file.size != wanted.song.size for file in candidate.files)
    other_album = wanted.album_key != candidate.album_key
    return other_size, other_album, wanted.apart(candidate) or 0, not candidate.is_ready, candidate.id


def _ends_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether one path is the end of the other."""
    return all(left == right for left, right in zip(one, other, strict=False))


def _parts(path: str) -> tuple[str, ...]:
    return tuple(plain_key(part) for part in reversed(path.replace("\\", "/").split("/")) if part not in ("", "."))
