"""Limits of requests and responses, each with its reason."""

from datetime import timedelta

JSON_MAX_BYTES = 256 * 1024
"""Size of a JSON body. The largest request, a history of HISTORY_MAX events, takes about 130 KiB."""

MULTIPART_OVERHEAD_BYTES = 64 * 1024
"""Size of everything in a form except the file: boundaries, headers, the file's name."""

MEDIA_MAX_BYTES = 16 * 1024 * 1024
"""Size of a clip or a picture in a search: a photograph, or six minutes of MP3 at 320 kbit/s. The broker holds it."""

PICTURES_MAX = 4
"""Pictures in a request for recommendations; a worker reads them one after another."""

PICTURE_WEIGHT_MAX = 10.0
"""Largest weight of a picture, at which a history hardly counts any more."""

RECOMMENDATION_MAX_BYTES = JSON_MAX_BYTES + 12 * 1024 * 1024
"""Size of a request for recommendations: pictures of 9 MiB take 12 MiB in base64."""

HISTORY_MAX = 1_000
"""Events: a month of listening all day. More would take time without a change of the tastes."""

EXCLUDE_MAX = 1_000
"""Ids to leave out: as many as a history has."""

FEATURES_MAX = 1_000
"""Analyses in a response: with their embeddings about 3 MB of JSON."""

PAGE_DEFAULT = 50
PAGE_MAX = 100
"""Items on a page; `next_cursor` gives the next page."""

OFFSET_MAX = 10_000_000
"""Items that a page may skip: more than any library has, and small enough for every database."""

JOBS_DEFAULT = 10
"""Jobs on a page: each may list hundreds of files."""

FAILURES_MAX = 1_000
"""Failures in a request to retry some; more than a person selects."""

KEYWORDS_MAX = 50
"""Values of a keyword filter."""

TEXT_MAX = 200
"""Characters of a search or a keyword: longer than any title that a person types."""

ID_MAX = 300
"""Characters of a track id: a namespace, a colon and an external id of at most EXTERNAL_ID_MAX characters."""

CURSOR_MAX = 4_000
"""Characters of a cursor, which fits into REQUEST_LINE_MAX with the other parameters."""

KEEP_ALIVE_SECONDS = 75
"""How long a connection without a request stays open. Clients and proxies close it first (nginx after 60 s, Node.js
after 4 s); a request on a connection that the service is closing would fail."""

REQUEST_LINE_MAX = 8_190
"""Bytes of method, path and query: the maximum of gunicorn's setting. A longer request line gets the status 414."""

IDEMPOTENCY_KEY_MAX = 255
"""Characters of an `Idempotency-Key`; a UUID has 36."""

PATH_MAX = 4_096
"""Characters of a path: Linux's PATH_MAX."""

PLAYED_MS_MAX = 24 * 60 * 60 * 1000
"""Milliseconds of a day."""

UNDATED_PLAYS_MAX = 1_000_000
"""Plays of one track whose times are unknown: more than a life has time for."""

RETRY_AFTER_SECONDS = 5
"""`Retry-After` of a response with status 503 or 507: a restart of the broker takes about as long."""

LISTENS_MAX = 1_000
"""Listens in a request. One transaction of this size takes about 100 ms."""

LISTENS_MAX_BYTES = 2 * 1024 * 1024
"""Size of a request with listens. LISTENS_MAX listens with names and keys of usual length take a third of it."""

IMPORT_MAX_BYTES = 128 * 1024 * 1024
"""Size of an imported file of listens: the ZIP archive of a million listens. `segue import-listens` has no limit."""

IMPORT_UNPACKED_MAX = 1024 * 1024 * 1024
"""Size of its unpacked files, which a request reads twice."""

START_MOODS_MAX = 5
"""Mood presets of a start: with more, each would get less than two of ten tracks."""

START_CHOICES_MAX = 20
"""Artists, and tracks, of a start: as many as a page of covers shows."""

REMOVED_MAX = 5_000
"""Removed tracks in a request, and in an export: the latest ones."""

ANNOTATIONS_MAX = 15_000
"""Stars and ratings in a request, and in an export; they take 2 MB."""

TASTES_MAX = 100
"""Dismissed tastes in a request; a listener has up to four tastes at a time."""

LISTENER_MAX = 200
"""Characters of a listener's name: longer than account names and opaque ids of players."""

NAMED_MAX = 500
"""Characters of an artist, a title or an album: as many as a scan keeps of a tag."""

EXTERNAL_ID_MAX = 255
"""Characters of an external id without its namespace, or of a listen's key."""

IDS_MAX = 32
"""External ids in a request: more than the number of players that use a library."""

TIME_AHEAD = timedelta(days=1)
"""How far in the future a listen may be. This allows for wrong time zones, but not for wrong years."""

REPEAT_AFTER_DAYS = 30.0
"""Default number of days after which a heard track may be recommended to its listener again."""

REPEAT_AFTER_DAYS_MAX = 36_500.0
"""A hundred years."""

SCROBBLE_MAX_BYTES = 10_240
"""Average size of a listen in a ListenBrainz request: ListenBrainz's own limit."""

SCROBBLES_MAX_BYTES = LISTENS_MAX * SCROBBLE_MAX_BYTES
"""Size of a ListenBrainz request: ListenBrainz's own limit."""

SCROBBLE_AHEAD = timedelta(hours=1)
"""How far in the future a ListenBrainz listen may be: ListenBrainz's own limit."""

FEEDBACK_PAGE = 25
"""Default number of verdicts in a ListenBrainz response: ListenBrainz's own."""

RECENT_TRACKS, RECENT_TRACKS_MAX = 50, 200
"""Default and maximum number of plays in an Audioscrobbler response: Last.fm's own."""

SCROBBLES_PAGE, SCROBBLES_PAGE_MAX = 25, 1_000
"""Default and maximum number of listens in a ListenBrainz response."""

OTHER_IDS_MAX = 20
"""Ids of a listen in addition to the first: one or two MBIDs and ISRCs, and one id for each player."""

SCROBBLER_IDS_MAX = 10
"""ISRCs of a listen that are looked up; recordings usually have one or two."""

SEEDS_MAX = 100
"""Seeds of a Spotify request. They are part of its URL, which REQUEST_LINE_MAX limits."""

SEEDS_DRAWN_MAX = 20
"""Artists and genres among the seeds. Each takes four or eight queries of the vector index."""

SPOTIFY_IDS_MAX = 100
"""Ids of a Spotify request: Spotify's own limit for audio features."""

SPOTIFY_PAGE_MAX, SPOTIFY_OFFSET_MAX = 50, 1_000
"""Maximum number of tracks of a Spotify search, and of those that it skips: Spotify's own limits."""

COMPAT_DEFAULT = 20
"""Default number of tracks of a Spotify response: Spotify's own default."""

RADIO_SEEDS_MAX = 50
"""Tracks, artists, genres or tags that a radio session starts from: more would not define a direction."""

EVENTS_MAX = 200
"""Events in a call of a radio session: twice the maximum number of tracks in a response."""

CALL_MAX = 64
"""Characters of the key of a radio call; a UUID has 36."""

STEPS_DEFAULT = 10
STEPS_MAX = 100
"""Tracks of a path."""

TEXT_LENGTH_MAX = 10_000
"""Characters of a text that describes music. The first TEXT_USED_MAX (`services.domain.words`) are used."""

TEXTS_MAX = 8
"""Texts in a request; each takes up to 30 ms."""

TEXT_WEIGHT_MAX = 10.0
"""Largest weight of a text, at which a history hardly counts any more."""

PLAYLIST_MAX_BYTES = 1024 * 1024
"""Size of a request with a playlist. The most tracks that it may have take a third of it, with long external ids."""

PLAYLIST_FILE_MAX_BYTES = 4 * 1024 * 1024
"""Size of an imported playlist: the most tracks that it may have, with paths of 800 bytes."""

TEXT_PARTS_MAX = 20
"""Examples or phrases to avoid in an edited text: more than a text of TEXT_USED_MAX characters contains."""
