"""Playlists in files, and the rules of smart playlists."""
