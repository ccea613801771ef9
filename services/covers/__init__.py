"""Covers: the stored pictures, and the drawings for music without one."""
