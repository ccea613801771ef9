"""ListenBrainz's API for scrobblers."""
