"""Questions as JSON documents, to ask logged questions again.

What a document contains depends on what was asked:

| key | meaning |
|---|---|
| `question` | the `Question` without its history and without the listener's past |
| `history` | the events of the request, each `[track id, kind, time or null, played_ms or null]` |
| `remembered` | which stored listens counted: the fields of `RememberedAt`, and a digest of what they gave |
| `similar_to`, `exclude` | the track that similar ones were asked for, and the tracks that were left out |
| `seeds` | the track ids of each seed, if tracks that follow several seeds were asked for |
| `session`, `limit` | the state of a radio session, see `services.catalog.radio_documents`, and the number of tracks |
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from services.catalog.listens import ListenStore
from services.domain.listening import EventKind, ListenEvent, Remembered, RememberedAt
from services.domain.question import Question

Document = Mapping[str, Any]

_QUESTION = TypeAdapter(Question)


def terms_as_json(terms: Question) -> dict[str, Any]:
    """Return a question as a document, without its history and the listener's past."""
    document: dict[str, Any] = _QUESTION.dump_python(terms, mode="json", exclude={"history", "remembered"})
    return document


def terms_of(document: Document) -> Question:
    """Return the question that `terms_as_json` wrote; options that the document lacks have their defaults."""
    return _QUESTION.validate_python(document)


def question_as_json(question: Question, *, seeds: Sequence[Sequence[str]] = ()) -> dict[str, Any]:
    """Return a question as a document; the stored listens of a listener are named instead of copied."""
    document: dict[str, Any] = {"question": terms_as_json(question)}
    if question.history:
        document["history"] = [event_as_json(event) for event in question.history]
    if (read := question.remembered.read) is not None:
        document["remembered"] = {
            "listener": read.listener,
            "last_listen": read.last_listen,
            "repeat_after": None if read.repeat_after is None else read.repeat_after.total_seconds(),
            "at": read.at.isoformat(),
            "digest": _digest(question.remembered),
        }
    elif question.remembered.rejected:
        document["rejected"] = sorted(question.remembered.rejected)
    if seeds:
        document["seeds"] = [list(seed) for seed in seeds]
    return document


def question_of(document: Document, listens: ListenStore) -> Question | None:
    """Return the question that `question_as_json` wrote; None if the listens that it used have changed since."""
    question = replace(terms_of(document["question"]), history=tuple(map(event_of, document.get("history", ()))))
    if "remembered" not in document:
        return replace(question, remembered=Remembered(rejected=frozenset(document.get("rejected", ()))))
    stored = document["remembered"]
    repeat_after = None if stored["repeat_after"] is None else timedelta(seconds=stored["repeat_after"])
    read = RememberedAt(stored["listener"], stored["last_listen"], repeat_after, datetime.fromisoformat(stored["at"]))
    remembered = listens.remembered(read.listener, repeat_after=repeat_after, as_of=read)
    return replace(question, remembered=remembered) if _digest(remembered) == stored["digest"] else None


def _digest(remembered: Remembered) -> str:
    """Return a hash of the tracks and verdicts that a question uses."""
    events: Iterable[str] = (f"{event.track_id} {event.kind.value}" for event in remembered.events)
    dismissed = (taste.id for taste in remembered.dismissed)
    start = () if remembered.start is None else (play.track_id for play in remembered.start.plays)
    parts = (events, sorted(remembered.rejected), sorted(remembered.heard), start, dismissed)
    text = "\0".join(",".join(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def event_as_json(event: ListenEvent) -> list[Any]:
    """Return an event as a list of its values."""
    return [event.track_id, event.kind.value, event.at and event.at.isoformat(), event.played_ms]


def event_of(values: Sequence[Any]) -> ListenEvent:
    """Return the event that `event_as_json` wrote."""
    track_id, kind, at, played_ms = values
    return ListenEvent(track_id, EventKind(kind), at and datetime.fromisoformat(at), played_ms)
