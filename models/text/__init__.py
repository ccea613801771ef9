"""Texts → points of the vibe space, without torch: the part of the text tower that the API process runs."""
