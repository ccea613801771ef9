"""The settings of the library: its folders, how its files are read, watched and analysed."""

import os
import re
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

from pathspec import GitIgnoreSpec
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from services.domain.names import SEPARATORS
from services.domain.quiet import QuietHours, time_of_day
from services.domain.track import TagRules

PROCESSORS = os.cpu_count() or 1
# Dot folders (but not "...And Justice"), recycle bins and snapshots of NAS systems and Windows, and what macOS leaves.
SYSTEM_NAMES = (
    *(".[!.]*/", "._*", "__MACOSX/", "Network Trash Folder/", "Temporary Items/"),
    *("$RECYCLE.BIN/", "$Recycle.Bin/", "RECYCLER/", "Recycled/", "System Volume Information/", "lost+found/"),
    *("#recycle/", "#snapshot/", "@eaDir/", "@tmp/", "@Recycle/", "@Recently-Snapshot/", "@sharesnap/", "~snapshot/"),
)


def split(given: object) -> object:
    """Return the parts of a text with commas, without empty ones; anything else as it is."""
    return [name for part in given.split(",") if (name := part.strip())] if isinstance(given, str) else given


def is_weights(next_model: str) -> bool:
    """Return whether `SEGUE_NEXT_MODEL` names a weights file rather than an installed encoder."""
    return next_model.endswith(".safetensors")


def expand(folder: str) -> str:
    """Return a path with the home folder in place of `~`.

    Raises:
        ValueError: there is no such user.
    """
    try:
        return str(Path(folder).expanduser())
    except RuntimeError as error:
        raise ValueError(f"'{folder}': there is no such user, or no home folder") from error


class LibrarySettings(BaseSettings):
    """The part of the settings that is about the library; `services.settings` reads it."""

    worker_processes: int = Field(default=PROCESSORS, ge=1, description="Number of processes per worker.")
    library_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Folders that may be scanned, with their subfolders, separated by colons. Files outside them are "
            "neither analysed nor played, except uploads. If unset, every folder may be scanned while "
            "requests need no key, and no folder otherwise. `segue up FOLDER` adds its folder."
        ),
    )
    next_model: str | None = Field(
        default=None,
        description=(
            "Weights of another model version, `…/vibe-VERSION.safetensors` with its card beside it, or the name of an "
            "installed encoder ([encoders.md](encoders.md)). Workers then analyse the library with it too, after "
            "everything else, and `segue model switch` serves it ([model-upgrades.md](model-upgrades.md))."
        ),
    )
    model_switch: Literal["manual", "automatic"] = Field(
        default="manual",
        description=(
            "`automatic` serves another model version as soon as it is complete, if at most 1 % of the tracks have no "
            "analysis by it and texts and pictures can be carried over; `manual` waits for `segue model switch`."
        ),
    )
    model_keep_days: int = Field(
        default=14,
        ge=1,
        description="Number of days after a switch in which `segue model rollback` can serve the previous version.",
    )
    system_names: Annotated[tuple[str, ...], NoDecode] = Field(
        default=SYSTEM_NAMES,
        description=(
            "Names of folders and files that systems create and that hold no music, separated by commas, as patterns "
            "of `.gitignore`. Scans leave them out. A value replaces the whole list."
        ),
    )
    exclude: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description=(
            "Further files and folders that scans leave out, such as `Audiobooks/,*.wav`: patterns of `.gitignore`, "
            "relative to each library root, separated by commas. A file `.segueignore` in a folder does the same."
        ),
    )
    include: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="If set, scans take only files that match one of these patterns, such as `Music/,*.flac`.",
    )
    settle_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        allow_inf_nan=False,
        description="A new file is read when it has not changed for this many seconds, so that a copy can finish.",
    )
    tag_separators: Annotated[tuple[str, ...], NoDecode] = Field(
        default=SEPARATORS,
        description=(
            "What separates several artists or genres in one text of a tag: separators with commas between them. "
            "Spaces count: `;, / ` splits `A / B` and not `AC/DC`. After a change, scan again: all tags are read anew."
        ),
    )
    ratings_of: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[^/\x00-\x1f]+$",
        description=(
            "Listener whose first verdicts the ratings in tags are: five and four stars a like, one star a dislike. "
            "They never replace what the listener said. If unset, ratings are nobody's verdicts."
        ),
    )
    watch: bool = Field(
        default=True, description="Whether `segue up` watches the library folders for new, changed and deleted files."
    )
    deletion_grace_seconds: float = Field(
        default=30.0,
        ge=0,
        allow_inf_nan=False,
        description="A file of a watched folder that is gone leaves the library after this many seconds.",
    )
    poll_seconds: float = Field(
        default=60.0,
        gt=0,
        allow_inf_nan=False,
        description="Time between two looks at folders on network mounts, whose changes the kernel does not report.",
    )
    rescan_at: str = Field(
        default="03:00",
        description=(
            "Time of day, on the clock of the machine with the scheduler, at which all library folders are scanned. "
            "Empty: never."
        ),
    )
    quiet_hours: str = Field(
        default="",
        description=(
            "Hours of each day in which nothing is analysed, such as `18:00-23:30`, on the clock of the workers. "
            "`segue resume` ends them early. Empty: none."
        ),
    )
    analysis_cpu: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description=(
            "Share of the processors that a worker uses at most, such as 0.5. With less than one processor, it rests "
            "after each analysis."
        ),
    )
    download_rate: int = Field(
        default=8 * 1024 * 1024,
        ge=1024,
        description="Bytes per second that a worker downloads at most from linked servers, to analyse their songs.",
    )
    share_analyses: bool = Field(
        default=True,
        description=(
            "Whether files with the same audio in several named libraries are one track, which is analysed once. "
            "Otherwise each library has a track of its own, with its own tags, as libraries of different owners need. "
            "It applies to files that are taken afterwards, so set it before the first scan."
        ),
    )
    analysis_nice: int = Field(
        default=5,
        ge=0,
        le=19,
        description="Niceness of the analysis: the higher, the more other programs of the machine go first.",
    )

    @field_validator("next_model")
    @classmethod
    def _are_weights(cls, given: str | None) -> str | None:
        if not given:
            return None
        if not is_weights(given) and re.fullmatch(r"[A-Za-z0-9][\w-]{0,63}", given, re.ASCII):
            return given
        if re.fullmatch(r"vibe-[A-Za-z0-9][\w.-]{0,63}\.safetensors", Path(given).name, re.ASCII) is None:
            raise ValueError(
                f"'{given}' is neither a file such as /models/vibe-2027.01.safetensors nor the name of an encoder"
            )
        return expand(given)

    @field_validator("system_names", "exclude", "include", mode="before")
    @classmethod
    def _split_patterns(cls, given: object) -> object:
        return split(given)

    @field_validator("tag_separators", mode="before")
    @classmethod
    def _split_separators(cls, given: object) -> object:
        return [each for each in given.split(",") if each.strip()] if isinstance(given, str) else given

    @field_validator("ratings_of")
    @classmethod
    def _composed(cls, given: str | None) -> str | None:
        return None if given is None else unicodedata.normalize("NFC", given)  # as names of listeners are stored

    @field_validator("system_names", "exclude", "include")
    @classmethod
    def _are_patterns(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        GitIgnoreSpec.from_lines(given)  # its error names the pattern
        return given

    @field_validator("library_roots", mode="before")
    @classmethod
    def _split_folders(cls, given: object) -> object:
        return [folder for folder in given.split(os.pathsep) if folder] if isinstance(given, str) else given

    @field_validator("library_roots")
    @classmethod
    def _absolute(cls, folders: tuple[str, ...]) -> tuple[str, ...]:
        for folder in folders:
            if not Path(expand(folder)).is_absolute():
                raise ValueError(f"'{folder}' is not an absolute path")
        return tuple(map(expand, folders))

    @field_validator("rescan_at")
    @classmethod
    def _is_time_of_day(cls, given: str) -> str:
        if given:
            time_of_day(given)
        return given

    @field_validator("quiet_hours")
    @classmethod
    def _are_hours(cls, given: str) -> str:
        if given:
            QuietHours.parse(given)
        return given

    @property
    def tag_rules(self) -> TagRules:
        """How the catalogue uses tags."""
        return TagRules(self.tag_separators, self.ratings_of, self.share_analyses)

    @property
    def analysis_processes(self) -> int:
        """Number of processes of a worker: those that are set, and no more than its share of the processors."""
        return min(self.worker_processes, max(1, int(PROCESSORS * self.analysis_cpu)))

    @property
    def analysis_duty(self) -> float:
        """The share of its time in which a process of a worker may be busy."""
        return min(1.0, PROCESSORS * self.analysis_cpu / self.analysis_processes)
