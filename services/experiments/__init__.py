"""Experiments: the file that describes them, the assignment of listeners, statistics, and reports."""
