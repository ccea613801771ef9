"""Tracks, listen events, questions, filters, jobs and errors, without I/O and frameworks."""
