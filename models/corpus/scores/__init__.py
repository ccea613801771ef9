"""Composed scores, rendered as training music."""
