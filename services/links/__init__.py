"""Linked servers: media servers that have the same music, whose song ids Segue learns (docs/links.md)."""
