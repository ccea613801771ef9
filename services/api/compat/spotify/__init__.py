"""Spotify's recommendations and audio features."""
