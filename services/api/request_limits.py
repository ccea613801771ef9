"""How much one request may ask for, each with its reason."""

from datetime import timedelta

JSON_MAX_BYTES = 256 * 1024
"""A history of HISTORY_MAX events takes about 130 KiB; nothing else comes near."""

MULTIPART_OVERHEAD_BYTES = 64 * 1024
"""What a form adds around an uploaded file: boundaries, headers, its name."""

HISTORY_MAX = 1_000
"""Events: a month of listening all day. More would not move the taste, only the answer time."""

EXCLUDE_MAX = 1_000
"""Ids to leave out: as many as a history may hold."""

PAGE_DEFAULT = 50
PAGE_MAX = 100
"""Tracks on one page; `next_cursor` gives the rest."""

QUARANTINED_SHOWN = 5
"""Tracks that a status names: enough to see what they have in common."""

KEYWORDS_MAX = 50
"""Values of one keyword filter."""

TEXT_MAX = 200
"""Characters of a search or of a keyword filter: longer than any title that someone types."""

ID_MAX = 300
"""Characters of a track id: a namespace, a colon and an external id of up to 255."""

CURSOR_MAX = 4_000
"""Characters: four thousand of the REQUEST_LINE_MAX that gunicorn takes."""

REQUEST_LINE_MAX = 8_190
"""Bytes of method, path and query: the most that gunicorn can be told. A longer one is answered with 414."""

IDEMPOTENCY_KEY_MAX = 255
"""Characters of an `Idempotency-Key`; a UUID has 36."""

PATH_MAX = 4_096
"""Characters of a path: PATH_MAX of Linux."""

PLAYED_MS_MAX = 24 * 60 * 60 * 1000
"""One day."""

RETRY_AFTER_SECONDS = 5
"""When a client may ask again after a 503: a broker restart takes about this long."""

LISTENS_MAX = 1_000
"""Listens in one request: a scrobbler's whole backlog in a few, one transaction of some 100 ms each."""

LISTENS_MAX_BYTES = 2 * 1024 * 1024
"""LISTENS_MAX listens with ids, names and keys of ordinary length take a third of it."""

LISTENER_MAX = 200
"""Characters of a listener's name: longer than any account name or opaque id of a player."""

NAMED_MAX = 500
"""Characters of an artist, a title or an album: as many as are kept of a file's tags."""

EXTERNAL_ID_MAX = 255
"""Characters of an external id's value, or of a listen's key."""

IDS_MAX = 32
"""External ids that one request sets: more than there are players around one library."""

TIME_AHEAD = timedelta(days=1)
"""How far ahead a listen's time may lie: a wrong time zone, not a wrong year, which would stay newest for ever."""

REPEAT_AFTER_DAYS = 30.0
"""When a track may be answered again to a listener who has heard it, unless a request says otherwise."""

REPEAT_AFTER_DAYS_MAX = 36_500.0
"""Longer than any listener listens."""

SCROBBLE_MAX_BYTES = 10_240
"""A listen in ListenBrainz's shape, on average over a request: its own limit."""

SCROBBLES_MAX_BYTES = LISTENS_MAX * SCROBBLE_MAX_BYTES
"""A request in ListenBrainz's shape: its own limit, too."""

SCROBBLE_AHEAD = timedelta(hours=1)
"""ListenBrainz's own limit for clocks that are fast."""

SCROBBLES_PAGE, SCROBBLES_PAGE_MAX = 25, 1_000
"""Listens that ListenBrainz answers at once."""

OTHER_IDS_MAX = 20
"""Ids of one listen besides the first: a recording has an MBID or two, an ISRC or two, and one for each player."""

SCROBBLER_IDS_MAX = 10
"""ISRCs of one listen that are looked up: a recording has one or two."""

SEEDS_MAX = 100
"""Seed tracks, artists and genres of one compatible request: they stand in one URL, of which gunicorn takes 4 KB."""

SEEDS_DRAWN_MAX = 20
"""Seeds among them that are no tracks: tracks are looked up for each in the index, eight queries at most."""

AUDIO_FEATURES_MAX = 100
"""Ids of one compatible request for audio features, as Spotify had it."""

COMPAT_DEFAULT = 20
"""Tracks of a compatible answer, as Spotify had it."""

RADIO_SEEDS_MAX = 50
"""Tracks, artists, genres or tags that a radio starts from: more would no longer name a direction."""

EVENTS_MAX = 200
"""Events in one call of a radio: twice what one answer holds."""

CALL_MAX = 64
"""Characters of the key that a client gives a call: a UUID has 36."""

STEPS_DEFAULT = 10
STEPS_MAX = 100
"""Tracks of a path: as many as one answer holds."""
