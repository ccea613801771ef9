"""Loved and hated recordings, and recommended ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from flask import request

from services.api.answers import open_answer, record_question
from services.api.compat.listenbrainz.auth import TOKENS, request_listener
from services.api.compat.listenbrainz.blueprint import listenbrainz, number_of
from services.api.compat.listenbrainz.listens import BadSubmission, Feedback, metadata_of, msid_of, read_feedback
from services.api.compat.listenbrainz.schemas import (
    FeedbackPage,
    FeedbackQuery,
    GivenFeedback,
    RecommendedPage,
    RecommendedPayload,
    RecommendedQuery,
    RecommendedRecording,
    ScrobblerFeedback,
    ScrobblerSuccess,
)
from services.api.context import services
from services.api.http.operation import operation
from services.api.libraries import narrowed
from services.api.request_limits import FEEDBACK_PAGE, OFFSET_MAX, REPEAT_AFTER_DAYS, SCROBBLES_PAGE, SCROBBLES_PAGE_MAX
from services.api.schemas.listens import listener_named
from services.api.security.permissions import needs
from services.catalog.database import now
from services.catalog.remembered import WEIGHED_EVENTS
from services.domain.access import Scope
from services.domain.external_ids import MBID
from services.domain.filters import Filters
from services.domain.listening import EventKind, Listen, ListenFilter, NewListen
from services.domain.question import RESULTS_MAX, Question
from services.domain.recommendation_log import AnswerKind
from services.domain.track import Track

VERDICT_OF_SCORE = {1: EventKind.LIKE, -1: EventKind.DISLIKE}
SCORE_OF_VERDICT = {kind: score for score, kind in VERDICT_OF_SCORE.items()}

ARTIST_TYPES = ("top", "similar", "raw")


@listenbrainz.post("/feedback/recording-feedback")
@operation("submitFeedback", "Love or hate a recording", reads={"body": ScrobblerFeedback}, returns=ScrobblerSuccess)
def recording_feedback() -> ScrobblerSuccess:
    """Record a love (1) as a like or a hate (−1) as a dislike, or remove either (0). You can repeat feedback."""
    listener = request_listener()
    feedback = read_feedback(request.get_data())
    kind = VERDICT_OF_SCORE.get(feedback.score)
    subject = _subject(listener, feedback)
    verdict = None
    if kind is not None:
        verdict = NewListen(names=subject.names, described=subject.described, kind=kind, at=now())
    services().catalogue.listens.judge(listener, verdict, subject)
    return ScrobblerSuccess()


@listenbrainz.get("/feedback/user/<user>/get-feedback")
@operation("getFeedback", "List loved and hated recordings", reads={"query": FeedbackQuery}, returns=FeedbackPage)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS)
def get_feedback(user: str) -> FeedbackPage:
    """List what a listener loves (1) and hates (−1), latest first. Bans have no counterpart and are left out."""
    listener, catalogue = listener_named(user), services().catalogue
    wanted = ListenFilter(kinds=_kinds(request.args.get("score", "")))
    count, offset = (
        min(number_of("count") or FEEDBACK_PAGE, SCROBBLES_PAGE_MAX),
        min(number_of("offset") or 0, OFFSET_MAX),
    )
    found = catalogue.listens.page(listener, wanted, limit=count, skip=offset).listens
    tracks = catalogue.tracks.get_many([each.track_id for each in found if each.track_id is not None])
    is_described = request.args.get("metadata", "").lower() in ("true", "t", "1")
    return FeedbackPage(
        feedback=[_given(listener, each, tracks, is_described=is_described) for each in found],
        count=len(found),
        total_count=catalogue.listens.count(listener, wanted),
        offset=offset,
    )


@listenbrainz.get("/cf/recommendation/user/<user>/recording")
@operation(
    "getRecommendedRecordings", "Recommend recordings", reads={"query": RecommendedQuery}, returns=RecommendedPage
)
@needs(Scope.LISTEN, listener="user", key_locations=TOKENS, expensive=True)
def get_recommended(user: str) -> RecommendedPage:
    """Recommend recordings to a listener, best first, from the stored listens.

    The format knows recordings by their MusicBrainz ids only, so tracks without one are left out. `artist_type` makes
    no difference.
    """
    listener = listener_named(user)
    artist_type = request.args.get("artist_type") or "top"
    if artist_type not in ARTIST_TYPES:
        raise BadSubmission(f"Invalid artist_type: it must be one of {', '.join(ARTIST_TYPES)}.")
    remembered = services().catalogue.listens.remembered(listener, repeat_after=timedelta(days=REPEAT_AFTER_DAYS))
    question = Question(remembered=remembered, limit=RESULTS_MAX, filters=narrowed(Filters(), listener), explain=False)
    entry = open_answer(AnswerKind.RECOMMENDATIONS, listener=listener)
    # Without exploration, which would give each page another order.
    question = replace(entry.asked(question), exploration_seed=None)
    answer = services().recommender.recommend(question)
    tracks = services().catalogue.tracks.get_many([each.track_id for each in answer.recommendations])
    named = [
        (each, mbid)
        for each in answer.recommendations
        if each.track_id in tracks and (mbid := tracks[each.track_id].ids.get(MBID)) is not None
    ]
    offset = number_of("offset") or 0
    shown = named[offset : offset + min(number_of("count") or SCROBBLES_PAGE, RESULTS_MAX)]
    record_question(entry, question, [each for each, _ in shown])
    payload = RecommendedPayload(
        user_name=listener,
        type=artist_type,
        mbids=[RecommendedRecording(recording_mbid=mbid, score=each.score) for each, mbid in shown],
        count=len(shown),
        total_mbid_count=len(named),
        offset=offset,
        last_updated=int(now().timestamp()),
    )
    return RecommendedPage(payload=payload)


def _kinds(score: str) -> tuple[EventKind, ...]:
    if not score:
        return tuple(VERDICT_OF_SCORE.values())
    kinds = {str(number): kind for number, kind in VERDICT_OF_SCORE.items()}
    if score not in kinds:
        raise BadSubmission("Invalid score argument: it must be 1 or -1.")
    return (kinds[score],)


def _given(listener: str, listen: Listen, tracks: Mapping[str, Track], *, is_described: bool) -> GivenFeedback:
    metadata = metadata_of(listen, tracks.get(listen.track_id or ""))
    return GivenFeedback(
        user_id=listener,
        created=int(listen.at.timestamp()),
        score=SCORE_OF_VERDICT[listen.kind],
        recording_mbid=metadata.additional_info.recording_mbid,
        recording_msid=msid_of(listen),
        track_metadata=metadata if is_described else None,
    )


def _subject(listener: str, feedback: Feedback) -> NewListen:
    """Return a listen of the recording that feedback is about.

    Raises:
        BadSubmission: the MSID matches none of the listener's last `WEIGHED_EVENTS` listens.
    """
    if feedback.mbid is not None:
        return NewListen(names=(f"{MBID}:{feedback.mbid}",), at=now())
    last = services().catalogue.listens.page(listener, limit=WEIGHED_EVENTS).listens
    found: Listen | None = next((listen for listen in last if msid_of(listen) == feedback.msid), None)
    if found is None:
        raise BadSubmission("None of your recent listens has this recording_msid. Use recording_mbid.")
    names = found.names if found.track_id is None else (found.track_id, *found.names)
    return NewListen(names=names, described=found.described, at=now())
