"""Audioscrobbler, the protocol of Last.fm: version 2.0 for most scrobblers, and 1.2 for older players."""
