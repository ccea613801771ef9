"""Where which dialect is spoken."""

SPOTIFY = "/v1/compat/spotify"
SUBSONIC = "/rest"

SPOTIFY_PREFIX = f"{SPOTIFY}/"
SUBSONIC_PREFIX = f"{SUBSONIC}/"
