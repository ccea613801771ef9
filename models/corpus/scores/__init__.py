"""Scores that are composed, arranged and rendered as training material."""
