"""Mixes: playlists of a listener that Segue makes by rules and pushes to linked servers (docs/links.md)."""
