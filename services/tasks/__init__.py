"""Celery tasks, sent by name."""
